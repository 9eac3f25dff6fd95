import { useMutation } from "@tanstack/react-query";
import { useRouter, useSearch } from "@tanstack/react-router";
import { Eye, EyeOff } from "lucide-react";
import { type FormEvent, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { ask, authLogin } from "@/api";
import { keepTokens } from "@/api/session";
import { SimulatorBand } from "@/app/frame/simulator-band";
import { Logo } from "@/components/logo";
import { ProblemView } from "@/components/problem-view";
import { Button } from "@/components/ui/button";
import { Field } from "@/components/ui/field";
import { Input } from "@/components/ui/input";
import { safeNext } from "./safe-next";

export function LoginPage() {
  const { t } = useTranslation();
  const { next } = useSearch({ from: "/login" });
  const router = useRouter();
  const form = useRef<HTMLFormElement>(null);
  const [shown, setShown] = useState(false);
  const [tried, setTried] = useState(false);
  const [values, setValues] = useState({ email: "", password: "" });

  const login = useMutation({
    mutationFn: () => ask(authLogin({ body: { ...values, email: values.email.trim() } })),
    onSuccess: (tokens) => {
      keepTokens(tokens);
      router.history.push(safeNext(next));
    },
  });

  function submit(event: FormEvent) {
    event.preventDefault();
    setTried(true);
    const missing = !values.email.trim() ? "email" : !values.password ? "password" : "";
    if (missing) form.current?.querySelector<HTMLInputElement>(`[name=${missing}]`)?.focus();
    else login.mutate();
  }

  return (
    <div className="flex min-h-dvh flex-col">
      <SimulatorBand />
      <main className="grid flex-1 place-items-center p-4">
        <div className="grid w-full max-w-sm gap-6">
          <div className="grid justify-items-center gap-1 text-center">
            <Logo className="mb-3 size-11" />
            <h1 className="font-semibold text-xl">{t("auth.title")}</h1>
            <p className="text-muted">{t("auth.subtitle")}</p>
          </div>
          <form
            ref={form}
            noValidate
            onSubmit={submit}
            className="grid gap-4 rounded-card border bg-surface p-5 shadow-raised"
          >
            <Field
              label={t("auth.email")}
              error={tried && !values.email.trim() ? t("auth.emailNeeded") : undefined}
            >
              {(control) => (
                <Input
                  {...control}
                  name="email"
                  type="email"
                  autoComplete="username"
                  autoFocus
                  value={values.email}
                  onChange={(event) => setValues({ ...values, email: event.target.value })}
                />
              )}
            </Field>
            <Field
              label={t("auth.password")}
              error={tried && !values.password ? t("auth.passwordNeeded") : undefined}
            >
              {(control) => (
                <div className="relative">
                  <Input
                    {...control}
                    name="password"
                    type={shown ? "text" : "password"}
                    autoComplete="current-password"
                    className="pr-10"
                    value={values.password}
                    onChange={(event) => setValues({ ...values, password: event.target.value })}
                  />
                  <Button
                    look="quiet"
                    size="tiny"
                    className="absolute top-1 right-1"
                    aria-label={shown ? t("auth.hide") : t("auth.show")}
                    onClick={() => setShown(!shown)}
                  >
                    {shown ? <EyeOff /> : <Eye />}
                  </Button>
                </div>
              )}
            </Field>
            {login.error && <ProblemView error={login.error} />}
            <Button look="primary" type="submit" disabled={login.isPending}>
              {login.isPending ? t("auth.signingIn") : t("auth.submit")}
            </Button>
          </form>
        </div>
      </main>
    </div>
  );
}
