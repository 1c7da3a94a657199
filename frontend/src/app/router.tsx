import { createBrowserRouter } from "react-router";

import { consolePages, consoleWays } from "@/app/console-pages";
import { Frame } from "@/app/frame";
import { LostPage } from "@/app/lost-page";
import { ticketPages } from "@/app/ticket-pages";
import { Loading } from "@/components/states";

/** The addresses of the pages; each page's code is fetched when it is first gone to. */
export function makeRouter(): ReturnType<typeof createBrowserRouter> {
    return createBrowserRouter([
        {
            element: <Frame />,
            errorElement: <LostPage failed />,
            HydrateFallback: Loading,
            children: [
                {
                    index: true,
                    lazy: async () => ({
                        Component: (await import("@/features/start/start-page")).StartPage,
                    }),
                },
                {
                    path: "catalog",
                    lazy: async () => ({
                        Component: (await import("@/features/catalog/catalog-page")).CatalogPage,
                    }),
                },
                {
                    path: "catalog/:base/:number",
                    lazy: async () => ({
                        Component: (await import("@/features/dataset/dataset-page")).DatasetPage,
                    }),
                },
                ...ticketPages,
                {
                    path: "verify",
                    lazy: async () => ({
                        Component: (await import("@/features/verify/verify-page")).VerifyPage,
                    }),
                },
                {
                    path: "explorer",
                    lazy: async () => ({
                        Component: (await import("@/features/explorer/explorer-page")).ExplorerPage,
                    }),
                },
                {
                    path: "console",
                    lazy: async () => {
                        const { ConsoleFrame } = await import("@/features/console/console-frame");
                        return { element: <ConsoleFrame ways={consoleWays} /> };
                    },
                    children: [
                        {
                            index: true,
                            lazy: async () => ({
                                Component: (await import("@/features/console/overview-page")).OverviewPage,
                            }),
                        },
                        ...consolePages,
                    ],
                },
                { path: "*", element: <LostPage /> },
            ],
        },
    ]);
}
