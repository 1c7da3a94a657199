import "@/app/site.css";

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { Application } from "@/app/application";
import { beginLanguage } from "@/lib/language";
import { NOBODY, readSession } from "@/lib/session";

async function begin(): Promise<void> {
    const place = document.getElementById("root");
    if (place === null) throw new Error("a page without its root");
    const [session] = await Promise.all([readSession().catch(() => NOBODY), beginLanguage()]);
    createRoot(place).render(
        <StrictMode>
            <Application session={session} />
        </StrictMode>,
    );
}

void begin();
