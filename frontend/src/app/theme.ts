import type { ThemeConfig } from "antd";

/** One accent, one scale of type (13, 15, 18, 23, 30), in the values that `site.css` has too. */
export const theme: ThemeConfig = {
    hashed: false,
    token: {
        colorPrimary: "#0b5566",
        colorInfo: "#0b5566",
        colorLink: "#0b5566",
        colorSuccess: "#1d6b3a",
        colorWarning: "#8a5a00",
        colorError: "#a5271c",
        colorText: "#14212b",
        colorTextSecondary: "#465560",
        colorTextTertiary: "#55636e",
        colorTextDescription: "#55636e",
        colorTextPlaceholder: "#5d6a74",
        colorBorder: "#b9c4cb",
        colorBorderSecondary: "#dfe5e9",
        colorBgLayout: "#f4f6f7",
        borderRadius: 6,
        fontSize: 15,
        fontSizeSM: 13,
        fontSizeLG: 18,
        fontSizeHeading1: 30,
        fontSizeHeading2: 23,
        fontSizeHeading3: 18,
        lineHeight: 1.6,
        controlHeight: 38,
        fontFamily: "var(--font)",
        fontFamilyCode: "var(--font-code)",
    },
    components: {
        Table: { headerBg: "#eef2f4", headerColor: "#14212b", cellPaddingBlock: 10, cellPaddingInline: 12 },
        Tabs: { titleFontSize: 15, itemColor: "#465560" },
        Tag: { defaultBg: "#eef2f4", defaultColor: "#14212b" },
    },
};
