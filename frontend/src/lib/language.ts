import i18next from "i18next";
import { initReactI18next } from "react-i18next";

import { readFacts } from "@/lib/facts";
import { findKept, keep } from "@/lib/kept";
import { en } from "@/texts/en";
import { zh } from "@/texts/zh";

export type Language = "zh" | "en";

declare module "i18next" {
    interface CustomTypeOptions {
        defaultNS: "translation";
        resources: { translation: typeof zh };
    }
}

function isLanguage(value: unknown): value is Language {
    return value === "zh" || value === "en";
}

/** Begin in the language that was chosen here before, else in the one that the server answered in. */
export async function beginLanguage(): Promise<void> {
    const lng = findKept("language", isLanguage) ?? readFacts().language;
    await i18next.use(initReactI18next).init({
        lng,
        fallbackLng: "zh",
        resources: { zh: { translation: zh }, en: { translation: en } },
        interpolation: { escapeValue: false },
    });
    tellPage(lng);
}

export function currentLanguage(): Language {
    return i18next.language === "en" ? "en" : "zh";
}

/** Names or words one after the other, as the language writes them. */
export function joinWords(words: readonly string[]): string {
    return words.join(currentLanguage() === "en" ? ", " : "、");
}

export async function chooseLanguage(language: Language): Promise<void> {
    keep("language", language);
    await i18next.changeLanguage(language);
    tellPage(language);
}

function tellPage(language: Language): void {
    document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
}
