import { describe, expect, it } from "vitest";

import { itemAddress, readMoment, readViewer, viewerAddress } from "@/features/seen/places";

describe("addresses of who sees what", () => {
    it("name an item and a moment", () => {
        expect(itemAddress("303001001/00001", "id_number", null)).toBe(
            "/console/seen/entry/303001001/00001/id_number",
        );
        expect(itemAddress("303001001/00001", "a", "2026-12-01T08:00")).toContain("?at=2026-12-01T08%3A00");
    });

    it("name those who have a page, and nobody else", () => {
        expect(viewerAddress("department:11999999MB0000019T", null)).toBe(
            "/console/sees/department/11999999MB0000019T",
        );
        expect(viewerAddress("application:a/b", null)).toBe("/console/sees/application/a%2Fb");
        expect(viewerAddress("public", "2026-12-01T08:00")).toBe(
            "/console/sees/public?at=2026-12-01T08%3A00",
        );
        for (const who of ["any_department", "group:tax", ""]) {
            expect(viewerAddress(who, null)).toBeNull();
        }
    });

    it("say a moment of Shanghai's, or now", () => {
        expect(readMoment(new URLSearchParams({ at: "2026-12-01T08:00" }))).toBe("2026-12-01T08:00:00+08:00");
        expect(readMoment(new URLSearchParams({ at: "tomorrow" }))).toBeNull();
        expect(readMoment(new URLSearchParams())).toBeNull();
    });

    it("say whose eyes are looked through", () => {
        const address = new URLSearchParams({ level: "2", zone: "internet", matter: " " });
        expect(readViewer("department", "D", address)).toEqual({
            application: null,
            user: null,
            supposed: { department: "D", authLevel: 2, zone: "internet", matter: null },
            at: null,
        });
        expect(readViewer("application", "A", address)).toMatchObject({ application: "A", supposed: null });
        expect(readViewer(undefined, "", address)).toMatchObject({
            application: null,
            user: null,
            supposed: null,
        });
    });
});
