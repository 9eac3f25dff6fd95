import { queryOptions } from "@tanstack/react-query";
import { ask, templatesGetTemplate, templatesInstantiate, templatesListTemplates } from "@/api";
import type { Values } from "@/components/schema-form/schema";

export const templateList = queryOptions({
  queryKey: ["templates", "list"],
  queryFn: () => ask(templatesListTemplates()),
});

export const templateDetail = (key: string) =>
  queryOptions({
    queryKey: ["templates", "detail", key],
    queryFn: () => ask(templatesGetTemplate({ path: { key } })),
  });

export const instantiate = (key: string, name: string, params: Values) =>
  ask(templatesInstantiate({ path: { key }, body: { name, params } }));
