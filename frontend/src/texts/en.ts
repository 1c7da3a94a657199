import { audit } from "@/texts/en/audit";
import { catalog } from "@/texts/en/catalog";
import { chain } from "@/texts/en/chain";
import { changes } from "@/texts/en/changes";
import { consoleTexts } from "@/texts/en/console";
import { dataset } from "@/texts/en/dataset";
import { department } from "@/texts/en/department";
import { explorer } from "@/texts/en/explorer";
import { freezes } from "@/texts/en/freezes";
import { factor } from "@/texts/en/factor";
import { frame, states, start } from "@/texts/en/frame";
import { agreements, policies } from "@/texts/en/policies";
import { releases } from "@/texts/en/releases";
import { seen } from "@/texts/en/seen";
import { ticket, tickets } from "@/texts/en/ticket";
import { verify } from "@/texts/en/verify";
import type { Texts } from "@/texts/zh";

export const en: Texts = {
    frame,
    states,
    start,
    catalog,
    dataset,
    department,
    console: consoleTexts,
    explorer,
    factor,
    audit,
    chain,
    changes,
    freezes,
    policies,
    agreements,
    releases,
    seen,
    ticket,
    tickets,
    verify,
};
