import { Outlet, useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { useIsSignedIn } from "@/api/session";
import { BottomBar } from "./bottom-bar";
import { Palette } from "./palette";
import { Rail } from "./rail";
import { SimulatorBand } from "./simulator-band";
import { TopBar } from "./top-bar";

/** What stands around every page of somebody who is signed in. */
export function Frame() {
  const { t } = useTranslation();
  const signedIn = useIsSignedIn();
  const navigate = useNavigate();
  useEffect(() => {
    if (!signedIn) {
      const next = window.location.pathname + window.location.search;
      void navigate({ to: "/login", search: { next }, replace: true });
    }
  }, [signedIn, navigate]);

  return (
    <div className="flex h-dvh flex-col">
      <a
        href="#content"
        className="sr-only focus:not-sr-only focus:absolute focus:z-50 focus:m-2 focus:rounded-control focus:bg-raised focus:p-2"
      >
        {t("app.skip")}
      </a>
      <SimulatorBand />
      <div className="flex min-h-0 flex-1">
        <Rail />
        <div className="flex min-w-0 flex-1 flex-col">
          <TopBar />
          <main id="content" tabIndex={-1} className="min-h-0 flex-1 overflow-auto outline-none">
            <Outlet />
          </main>
        </div>
      </div>
      <BottomBar />
      <Palette />
    </div>
  );
}
