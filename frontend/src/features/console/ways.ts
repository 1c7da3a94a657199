import type { TFunction } from "i18next";

/** A way of the console: where it leads, and what it is called. */
export interface ConsoleWay {
    readonly address: string;
    readonly title: (t: TFunction) => string;
}
