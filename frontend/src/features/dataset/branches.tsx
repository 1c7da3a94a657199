import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { useQuery, type UseQueryResponse } from "urql";

import { Answered } from "@/components/states";
import { Branch, Tree, TreeNote } from "@/components/tree";
import {
    chosenCode,
    type Code,
    codesWish,
    type Hierarchy,
    MOST_CODES,
    readCodes,
    withCode,
} from "@/features/dataset/levels";
import type { Filter } from "@/features/dataset/view";
import { type RowsAnswer, rowsDocument } from "@/lib/rows";
import { showCount } from "@/lib/times";

interface BranchesProps {
    readonly hierarchy: Hierarchy;
    readonly name: string;
    readonly filters: readonly Filter[];
    readonly onChange: (filters: readonly Filter[]) => void;
}

/** The levels of an item's codes as a tree; choosing one leaves the rows whose code begins with it. */
export function Branches({ hierarchy, name, filters, onChange }: BranchesProps): React.JSX.Element {
    const { t } = useTranslation();
    const [question, ask] = useCodes(hierarchy, null);
    const chosen = chosenCode(filters, hierarchy.item);
    return (
        <section className="branches" aria-label={t("dataset.branches", { name })}>
            <header>
                <h2>{name}</h2>
                <Button
                    type="link"
                    size="small"
                    disabled={chosen === null}
                    onClick={() => {
                        onChange(withCode(filters, hierarchy.item, null));
                    }}
                >
                    {t("dataset.allBranches")}
                </Button>
            </header>
            <Answered question={{ ...question, data: question.data?.shared.rows }} again={ask} rows={8}>
                {({ nodes }) => (
                    <Tree<Code>
                        label={name}
                        roots={readCodes(hierarchy, null, nodes)}
                        chosen={chosen}
                        isOpenAtFirst={({ key }) =>
                            chosen !== null && chosen !== key && chosen.startsWith(key)
                        }
                        onChoose={({ key }) => {
                            onChange(withCode(filters, hierarchy.item, key === chosen ? null : key));
                        }}
                    >
                        {(parent) => <Below hierarchy={hierarchy} parent={parent} />}
                    </Tree>
                )}
            </Answered>
        </section>
    );
}

interface BelowProps {
    readonly hierarchy: Hierarchy;
    readonly parent: Code;
}

function Below({ hierarchy, parent }: BelowProps): React.JSX.Element {
    const { t } = useTranslation();
    const [question, ask] = useCodes(hierarchy, parent);
    const rows = question.data?.shared.rows;
    if (question.error !== undefined) return <TreeNote text={t("dataset.branchesFailed")} again={ask} />;
    if (rows === undefined || rows === null) return <TreeNote text={t("states.loading")} />;
    const codes = readCodes(hierarchy, parent, rows.nodes);
    return (
        <>
            {codes.map((code) => (
                <Branch key={code.key} node={code} />
            ))}
            {codes.length === 0 && <TreeNote text={t("dataset.noBranches")} />}
            {rows.pageInfo.hasNextPage && (
                <TreeNote text={t("dataset.moreBranches", { shown: showCount(MOST_CODES) })} />
            )}
        </>
    );
}

function useCodes(
    hierarchy: Hierarchy,
    parent: Code | null,
): UseQueryResponse<{ shared: { rows: RowsAnswer | null } }> {
    return useQuery(rowsDocument(codesWish(hierarchy, parent)));
}
