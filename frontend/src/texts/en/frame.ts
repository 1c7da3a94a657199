export const frame = {
    name: "Government Data Portal",
    home: "Government Data Portal, start page",
    skip: "Skip to content",
    ways: "Main",
    catalog: "Catalog",
    explorer: "Explorer",
    console: "Console",
    otherLanguage: "中文",
    signIn: "Staff sign-in",
    signOut: "Sign out",
    promise: "What was agreed is what is enforced, and can be proved afterwards, item by item.",
    synthetic: "Demonstration: all data are synthetic but the administrative divisions.",
    lost: "No page is here",
    lostNext: "The address may be wrong, or the page was withdrawn. Look for it in the catalog.",
    broken: "This page broke",
    brokenNext: "Load it again; if it breaks again, tell those who run the portal.",
};

export const states = {
    loading: "Loading",
    again: "Try again",
    copy: "Copy",
    copied: "Copied",
    refused: "Not permitted",
    refusedWhy: "Nothing permits this to you as you are signed in now.",
    refusedNext:
        "The decision is on record. If it should be permitted, sign in as who may, or ask the data's provider.",
    failed: "That didn't work",
    failedWhy: "The portal didn't answer: the network may be down, or the service is starting again.",
    failedNext: "Nothing that you wrote is lost. Try again.",
    busy: "Too many requests",
    busyWhy: "More was asked from your address than one address may ask.",
    busyNext: "Wait a moment, then try again.",
};

export const start = {
    title: "Find, see and use the government's open data",
    lead: "Open data need no sign-in. Departments share the rest by agreement, and each use leaves a proof.",
    search: "Search the catalog",
    searchHint: "for example: 行政区划",
    go: "Search",
    figures: "At a glance",
    dataSets: "data sets open to you",
    providers: "departments provide them",
    newest: "Lately updated",
    all: "See all",
    how: "How the portal works",
    publicTitle: "The public",
    publicText: "Find open data, look at it here, take it as CSV, Excel, JSON Lines or Parquet, or query it.",
    developersTitle: "Developers in departments",
    developersText:
        "See which items your application may read; where it may not, why, and what would change that.",
    staffTitle: "Administration and audit",
    staffText:
        "Edit policies, test them, have another person approve; search the audit log and verify each record.",
    persons: "Enter the demonstration as",
    personsText: "The demonstration's accounts are synthetic and have no password.",
};
