import type { RouteObject } from "react-router";

import type { ConsoleWay } from "@/features/console/ways";

/** The console's ways, in the order in which they stand at the side; a feature adds its own here and nowhere else. */
export const consoleWays: readonly ConsoleWay[] = [];

/** The console's pages; each feature's are its own routes. */
export const consolePages: readonly RouteObject[] = [];
