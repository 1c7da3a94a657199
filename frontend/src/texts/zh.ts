import { audit } from "@/texts/zh/audit";
import { catalog } from "@/texts/zh/catalog";
import { chain } from "@/texts/zh/chain";
import { changes } from "@/texts/zh/changes";
import { consoleTexts } from "@/texts/zh/console";
import { dataset } from "@/texts/zh/dataset";
import { department } from "@/texts/zh/department";
import { explorer } from "@/texts/zh/explorer";
import { freezes } from "@/texts/zh/freezes";
import { factor } from "@/texts/zh/factor";
import { frame, states, start } from "@/texts/zh/frame";
import { agreements, policies } from "@/texts/zh/policies";
import { releases } from "@/texts/zh/releases";
import { seen } from "@/texts/zh/seen";
import { ticket, tickets } from "@/texts/zh/ticket";
import { verify } from "@/texts/zh/verify";

/** The portal's words in Chinese; other languages have the same members. */
export const zh = {
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

/** The shape that every language has. */
export type Texts<Words = typeof zh> = {
    readonly [Name in keyof Words]: Words[Name] extends string ? string : Texts<Words[Name]>;
};
