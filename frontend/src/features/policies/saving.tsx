import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { useMutation } from "urql";

import { Failed } from "@/components/states";
import type { DraftForm } from "@/features/policies/draft";
import { graphql } from "@/graphql";
import { readFailure } from "@/lib/asking";
import { forget, type KeptName } from "@/lib/kept";

const DRAFTED = graphql(`
    mutation Drafted($title: String!, $reason: String!, $basis: String, $change: Document!) {
        draftChange(title: $title, reason: $reason, basis: $basis, change: $change) {
            id
        }
    }
`);

const REDRAFTED = graphql(`
    mutation Redrafted(
        $id: Int!
        $version: Int!
        $title: String!
        $reason: String!
        $basis: String
        $change: Document!
    ) {
        editChange(
            id: $id
            version: $version
            title: $title
            reason: $reason
            basis: $basis
            change: $change
        ) {
            id
        }
    }
`);

/** A draft that the portal has, in the version that was seen. */
export interface Edited {
    readonly id: number;
    readonly version: number;
}

interface SavingProps {
    readonly name: KeptName;
    readonly draft: DraftForm;
    readonly change: unknown;
    readonly edited: Edited | null;
    readonly isEmpty: boolean;
}

/** Keeps the draft in the portal; until then it is kept in this browser alone. */
export function Saving({ name, draft, change, edited, isEmpty }: SavingProps): React.JSX.Element {
    const { t } = useTranslation();
    const go = useNavigate();
    const [drafted, save] = useMutation(DRAFTED);
    const [redrafted, saveAnew] = useMutation(REDRAFTED);
    const error = drafted.error ?? redrafted.error;
    const saveDraft = async (): Promise<void> => {
        const { title, reason, basis } = draft;
        const told = { title, reason, basis: basis === "" ? null : basis, change };
        const answer =
            edited === null
                ? (await save(told)).data?.draftChange
                : (await saveAnew({ ...told, id: edited.id, version: edited.version })).data?.editChange;
        if (answer === undefined) return;
        forget(name);
        await go(`/console/changes/${String(answer.id)}`);
    };
    return (
        <div className="saving">
            <Button
                type="primary"
                loading={drafted.fetching || redrafted.fetching}
                disabled={isEmpty || draft.title.trim() === "" || draft.reason.trim() === ""}
                onClick={() => {
                    void saveDraft();
                }}
            >
                {t("policies.save")}
            </Button>
            <p className="soft small">{t("policies.saveHint")}</p>
            {error !== undefined && <Failed failure={readFailure(error)} />}
        </div>
    );
}
