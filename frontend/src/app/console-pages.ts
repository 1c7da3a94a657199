import type { RouteObject } from "react-router";

import type { ConsoleWay } from "@/features/console/ways";

/** The console's ways, in the order in which they stand at the side; a feature adds its own here and nowhere else. */
export const consoleWays: readonly ConsoleWay[] = [
    { address: "/console/department", title: (t) => t("department.way") },
    { address: "/console/policies", title: (t) => t("policies.way") },
    { address: "/console/seen", title: (t) => t("seen.way") },
    { address: "/console/changes", title: (t) => t("changes.way") },
    { address: "/console/freezes", title: (t) => t("freezes.way") },
    { address: "/console/audit", title: (t) => t("audit.way") },
    { address: "/console/use", title: (t) => t("audit.use") },
    { address: "/console/tickets", title: (t) => t("tickets.way") },
];

/** The console's pages; each feature's are its own routes. */
export const consolePages: RouteObject[] = [
    {
        path: "department",
        lazy: async () => ({
            Component: (await import("@/features/department/department-page")).DepartmentPage,
        }),
    },
    {
        path: "policies",
        lazy: async () => ({ Component: (await import("@/features/policies/policies-page")).PoliciesPage }),
    },
    {
        path: "policies/:id",
        lazy: async () => ({ Component: (await import("@/features/policies/policy-page")).PolicyPage }),
    },
    {
        path: "agreements/:id",
        lazy: async () => ({ Component: (await import("@/features/policies/agreement-page")).AgreementPage }),
    },
    {
        path: "seen",
        lazy: async () => ({ Component: (await import("@/features/seen/who-page")).SeenPage }),
    },
    {
        path: "seen/entry/:base/:number/:item",
        lazy: async () => ({ Component: (await import("@/features/seen/who-page")).WhoPage }),
    },
    {
        path: "sees/public",
        lazy: async () => ({ Component: (await import("@/features/seen/what-page")).WhatPage }),
    },
    {
        path: "sees/:kind/:key",
        lazy: async () => ({ Component: (await import("@/features/seen/what-page")).WhatPage }),
    },
    {
        path: "changes",
        lazy: async () => ({ Component: (await import("@/features/changes/changes-page")).ChangesPage }),
    },
    {
        path: "changes/:id",
        lazy: async () => ({ Component: (await import("@/features/changes/change-page")).ChangePage }),
    },
    {
        path: "freezes",
        lazy: async () => ({ Component: (await import("@/features/changes/freezes-page")).FreezesPage }),
    },
    {
        path: "changes/new",
        lazy: async () => ({ Component: (await import("@/features/policies/editor-page")).EditorPage }),
    },
    {
        path: "changes/:id/edit",
        lazy: async () => ({ Component: (await import("@/features/policies/editor-page")).EditorPage }),
    },
    {
        path: "audit",
        lazy: async () => ({ Component: (await import("@/features/audit/audit-page")).AuditPage }),
    },
    {
        path: "audit/chain",
        lazy: async () => ({ Component: (await import("@/features/audit/chain-page")).ChainPage }),
    },
    {
        path: "audit/:receipt",
        lazy: async () => ({ Component: (await import("@/features/audit/record-page")).RecordPage }),
    },
    { path: "use", lazy: async () => ({ Component: (await import("@/features/audit/use-page")).UsePage }) },
    {
        path: "tickets",
        lazy: async () => ({ Component: (await import("@/features/tickets/list-page")).TicketsPage }),
    },
    {
        path: "tickets/:number",
        lazy: async () => ({ Component: (await import("@/features/tickets/file-page")).TicketFilePage }),
    },
];
