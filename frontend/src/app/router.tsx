import { createBrowserRouter } from "react-router";

import { Frame } from "@/app/frame";
import { LostPage } from "@/app/lost-page";
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
                { path: "*", element: <LostPage /> },
            ],
        },
    ]);
}
