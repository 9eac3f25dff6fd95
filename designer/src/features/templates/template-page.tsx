import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { ChevronLeft } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { problemOf, type TemplateOut } from "@/api";
import { catalogueQuery } from "@/components/diagram/catalogue";
import type { FlowDocument } from "@/components/diagram/document";
import { FlowDiagram } from "@/components/diagram/flow-diagram";
import { KindBadge } from "@/components/kind-badge";
import { PageWaiting } from "@/components/page-waiting";
import { ProblemView } from "@/components/problem-view";
import type { Schema, Values } from "@/components/schema-form/schema";
import { SchemaForm } from "@/components/schema-form/schema-form";
import { Button } from "@/components/ui/button";
import { Field } from "@/components/ui/field";
import { Input } from "@/components/ui/input";
import { instantiate, templateDetail } from "./queries";

/** A template to look at, and what has to be filled in to have it as a flow of one's own. */
export function TemplatePage() {
  const { key } = useParams({ from: "/frame/templates/$key" });
  const template = useQuery(templateDetail(key));
  const catalogue = useQuery(catalogueQuery);
  const error = template.error ?? catalogue.error;
  if (error) {
    return (
      <div className="mx-auto max-w-xl p-8">
        <ProblemView error={error} onAgain={() => void template.refetch()} />
      </div>
    );
  }
  if (!template.data || !catalogue.data) return <PageWaiting />;
  return (
    <div className="flex h-full max-lg:flex-col max-lg:overflow-auto">
      <div className="h-full min-w-0 flex-1 max-lg:h-[45dvh] max-lg:shrink-0">
        <FlowDiagram
          document={template.data.document as FlowDocument}
          catalogue={catalogue.data}
          tools
        />
      </div>
      <TemplatePanel key={key} template={template.data} />
    </div>
  );
}

function TemplatePanel({ template }: { template: TemplateOut }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const client = useQueryClient();
  const [name, setName] = useState(template.name);
  const schema = (template.params ?? {}) as Schema;
  const isSimple = Object.keys(schema.properties ?? {}).length === 0;
  const make = useMutation({
    mutationFn: (params: Values) => instantiate(template.key, name.trim(), params),
    onSuccess: async (flow) => {
      await client.invalidateQueries({ queryKey: ["flows"] });
      toast.success(t("templates.created", { name: flow.name }));
      await navigate({ to: "/flows/$flowId", params: { flowId: flow.id } });
    },
  });
  const fields = make.error ? problemOf(make.error).fields : [];
  return (
    <aside className="w-full shrink-0 border-l bg-surface p-5 lg:w-[400px] lg:overflow-auto">
      <Link to="/templates" className="inline-flex items-center gap-1 text-muted hover:text-text">
        <ChevronLeft className="size-4" aria-hidden />
        {t("templates.title")}
      </Link>
      <div className="my-4 grid gap-2">
        <h1 className="font-semibold text-xl">{template.name}</h1>
        <div>
          <KindBadge kind={template.kind} />
        </div>
        <p className="text-muted">{template.description}</p>
      </div>
      <SchemaForm
        schema={schema}
        problems={fields}
        onSubmit={(params) => make.mutate(params)}
        before={
          <Field
            label={t("templates.nameLabel")}
            error={name.trim() ? undefined : t("forms.required")}
            required
          >
            {(control) => (
              <Input
                {...control}
                value={name}
                maxLength={120}
                onChange={(event) => setName(event.target.value)}
              />
            )}
          </Field>
        }
      >
        {isSimple && <p className="text-muted">{t("templates.nothingToFill")}</p>}
        {make.error && <ProblemView error={make.error} />}
        <div className="lg:-bottom-5 sticky bottom-0 -mx-5 -mb-5 border-t bg-surface p-4">
          <Button
            look="primary"
            type="submit"
            className="w-full"
            disabled={make.isPending || !name.trim()}
          >
            {make.isPending ? t("templates.creating") : t("templates.create")}
          </Button>
        </div>
      </SchemaForm>
    </aside>
  );
}
