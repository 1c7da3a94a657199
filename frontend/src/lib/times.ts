import { currentLanguage } from "@/lib/language";

const ZONE = "Asia/Shanghai";

/** A day, as people here write it; days are Shanghai's. */
export function showDay(moment: string): string {
    const locale = currentLanguage() === "zh" ? "zh-CN" : "en-GB";
    return new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeZone: ZONE }).format(new Date(moment));
}

/** A moment to the second, in figures that stand below each other. */
export function showMoment(moment: string): string {
    const form = new Intl.DateTimeFormat("sv-SE", {
        dateStyle: "short",
        timeStyle: "medium",
        timeZone: ZONE,
    });
    return form.format(new Date(moment));
}

export function showCount(count: number): string {
    return new Intl.NumberFormat(currentLanguage() === "zh" ? "zh-CN" : "en-GB").format(count);
}
