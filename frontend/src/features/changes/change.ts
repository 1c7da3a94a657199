import { graphql } from "@/graphql";
import type { AssessedChangeQuery, ReportedReleaseQuery, ShownChangeQuery } from "@/graphql/graphql";

export const SHOWN = graphql(`
    query ShownChange($id: Int!) {
        duties
        me {
            user
        }
        changeSet(id: $id) {
            id
            kind
            title
            reason
            basis
            author
            state
            version
            activatesAt
            approvedBy
            epoch
            steps {
                version
                step
                madeAt
                madeBy
                note
            }
            differences {
                kind
                id
                before
                after
            }
        }
    }
`);

/** What a change set would do now, as the editor asks it of one that isn't drafted yet. */
export const ASSESSED = graphql(`
    query AssessedChange($id: Int!) {
        changeSet(id: $id) {
            id
            assessment {
                isSound
                faults {
                    place
                    what
                    mend
                }
                findings {
                    kind
                    severity
                    policies
                    what
                    mend
                }
                brokenExpectations
                guarantees {
                    name
                    holds
                    accepted
                    counterExample
                }
                impact {
                    who
                    resource
                    way
                    items
                    purposes
                    modes
                    since
                    until
                    rowsBefore
                    rowsAfter
                    text
                }
            }
            releases {
                entry
                title
                items
                since
            }
        }
    }
`);

/** By what rows of an entry could be told apart, once the change opens it to everybody. */
export const REPORTED = graphql(`
    query ReportedRelease($id: Int!, $entry: String!) {
        changeSet(id: $id) {
            id
            releases(entry: $entry) {
                entry
                report {
                    smallestGroup
                    rows
                    items
                    leftOut
                    unweighed
                    lookedAt
                    combinations {
                        items
                        groups
                        alone
                        inSmall
                    }
                    encounters {
                        entry
                        items
                        itsItems
                        rows
                        alone
                    }
                }
            }
        }
    }
`);

export type Shown = ShownChangeQuery;
export type ChangeSet = ShownChangeQuery["changeSet"];
export type Release = AssessedChangeQuery["changeSet"]["releases"][number];
export type Report = ReportedReleaseQuery["changeSet"]["releases"][number]["report"];

export type Act = "check" | "submit" | "approve" | "reject" | "withdraw" | "undo" | "edit";

/**
 * Return what may be offered in this state to this person; whether it is allowed the portal says when it is done.
 * A change that came into force and was replaced can still be undone: what it changed meanwhile is held against it.
 */
export function actsOf({ changeSet, duties, me }: Shown): readonly Act[] {
    const { state, author, epoch, kind } = changeSet;
    const has = (duty: string): boolean => duties.includes(duty);
    const mayDraft = has("draft_policies") || has("draft_register");
    const isOwn = author === me.user;
    const acts: Act[] = [];
    if (isOwn && mayDraft && (state === "DRAFT" || state === "CHECKED")) {
        if (kind === "RECORDS") acts.push("edit");
        acts.push("check");
        if (state === "CHECKED") acts.push("submit");
    }
    if (!isOwn && state === "SUBMITTED" && has("approve_change")) acts.push("approve", "reject");
    if (isOwn && has("withdraw_change") && ["DRAFT", "CHECKED", "SUBMITTED"].includes(state))
        acts.push("withdraw");
    if (mayDraft && epoch !== null) acts.push("undo");
    return acts;
}
