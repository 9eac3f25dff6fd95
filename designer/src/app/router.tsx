import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from "@tanstack/react-router";
import { isSignedIn } from "@/api/session";
import { PageMissing } from "@/components/page-missing";
import { PageProblem } from "@/components/page-problem";
import { PageWaiting } from "@/components/page-waiting";

/**
 * Every page has its address here, and its code in a feature of its own that is loaded when it is
 * opened. What a page shows (search, filters) stands in the address, so that it can be shared.
 */
const root = createRootRoute();

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  validateSearch: (search): { next?: string } =>
    typeof search.next === "string" ? { next: search.next } : {},
  component: lazyRouteComponent(() => import("@/features/auth/login-page"), "LoginPage"),
});

const frame = createRoute({
  getParentRoute: () => root,
  id: "frame",
  beforeLoad: ({ location }) => {
    if (!isSignedIn()) throw redirect({ to: "/login", search: { next: location.href } });
  },
  component: lazyRouteComponent(() => import("./frame/frame"), "Frame"),
});

const home = createRoute({
  getParentRoute: () => frame,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/flows" });
  },
});

const text = (value: unknown) => (typeof value === "string" && value ? value : undefined);
const number = (value: unknown) => (Number.isSafeInteger(value) ? Number(value) : undefined);

const flows = createRoute({
  getParentRoute: () => frame,
  path: "/flows",
  validateSearch: (search): { search?: string; kind?: string } => ({
    search: text(search.search),
    kind: text(search.kind),
  }),
  component: lazyRouteComponent(() => import("@/features/flows/flows-page"), "FlowsPage"),
});

const flow = createRoute({
  getParentRoute: () => frame,
  path: "/flows/$flowId",
  params: {
    parse: ({ flowId }) => ({ flowId: Number(flowId) }),
    stringify: ({ flowId }) => ({ flowId: String(flowId) }),
  },
  component: lazyRouteComponent(() => import("@/features/canvas/flow-page"), "FlowPage"),
});

const templates = createRoute({
  getParentRoute: () => frame,
  path: "/templates",
  validateSearch: (search): { kind?: string } => ({ kind: text(search.kind) }),
  component: lazyRouteComponent(
    () => import("@/features/templates/templates-page"),
    "TemplatesPage",
  ),
});

const template = createRoute({
  getParentRoute: () => frame,
  path: "/templates/$key",
  component: lazyRouteComponent(() => import("@/features/templates/template-page"), "TemplatePage"),
});

const runs = createRoute({
  getParentRoute: () => frame,
  path: "/runs",
  validateSearch: (search): { status?: string; flow?: number } => ({
    status: text(search.status),
    flow: number(search.flow),
  }),
  component: lazyRouteComponent(() => import("@/features/runs/runs-page"), "RunsPage"),
});

const run = createRoute({
  getParentRoute: () => frame,
  path: "/runs/$runId",
  params: {
    parse: ({ runId }) => ({ runId: Number(runId) }),
    stringify: ({ runId }) => ({ runId: String(runId) }),
  },
  component: lazyRouteComponent(() => import("@/features/runs/run-page"), "RunPage"),
});

export const router = createRouter({
  routeTree: root.addChildren([
    login,
    frame.addChildren([home, flows, flow, templates, template, runs, run]),
  ]),
  defaultPreload: "intent",
  defaultPendingComponent: PageWaiting,
  defaultErrorComponent: PageProblem,
  defaultNotFoundComponent: PageMissing,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
