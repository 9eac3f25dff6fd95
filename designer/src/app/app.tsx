import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { Toaster } from "sonner";
import { TooltipProvider } from "@/components/ui/tooltip";
import { usePreference } from "./preferences";
import { queryClient } from "./query-client";
import { router } from "./router";

export function App() {
  const theme = usePreference("theme");
  return (
    <QueryClientProvider client={queryClient}>
      <TooltipProvider>
        <RouterProvider router={router} />
        <Toaster theme={theme} position="bottom-right" closeButton />
      </TooltipProvider>
    </QueryClientProvider>
  );
}
