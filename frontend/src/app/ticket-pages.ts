import type { RouteObject } from "react-router";

/** The pages by which the public reports faults, asks for data, and sees what became of it. */
export const ticketPages: RouteObject[] = [
    {
        path: "report/:base/:number",
        lazy: async () => ({ Component: (await import("@/features/ticket/report-page")).ReportPage }),
    },
    {
        path: "request",
        lazy: async () => ({ Component: (await import("@/features/ticket/request-page")).RequestPage }),
    },
    {
        path: "ticket",
        lazy: async () => ({ Component: (await import("@/features/ticket/find-page")).FindTicketPage }),
    },
    {
        path: "ticket/:ticket",
        lazy: async () => ({ Component: (await import("@/features/ticket/ticket-page")).TicketPage }),
    },
];
