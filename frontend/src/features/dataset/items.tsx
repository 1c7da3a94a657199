import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";

import { DataTable } from "@/components/data-table";
import type { DataSet, Item } from "@/features/dataset/entry";
import { showDay } from "@/lib/times";

/** The items: what each is, and whether who looks may read it; if not, why, and what would change that. */
export function Items({ entry }: { readonly entry: DataSet }): React.JSX.Element {
    const { t } = useTranslation();
    return (
        <DataTable<Item>
            label={t("dataset.tabs.items")}
            name={`${entry.identifier}-items`}
            exports
            rows={entry.items}
            keyOf={({ identifier }) => identifier}
            columns={[
                {
                    name: "name",
                    title: t("dataset.itemName"),
                    text: ({ name }) => name,
                    show: (item) => <ItemName {...{ name: item.name, item, entry }} />,
                },
                {
                    name: "identifier",
                    title: t("dataset.identifier"),
                    text: ({ identifier }) => identifier,
                    show: ({ identifier }) => <code>{identifier}</code>,
                },
                { name: "type", title: t("dataset.type"), text: (item) => typeOf(item, t) },
                {
                    name: "meaning",
                    title: t("dataset.meaning"),
                    text: ({ description }) => description ?? "",
                },
                { name: "access", title: t("dataset.access"), show: (item) => <Access item={item} /> },
            ]}
        />
    );
}

type Translate = TFunction;

function typeOf(item: Item, t: Translate): string {
    const name = t(`dataset.types.${item.type as "string"}`);
    if (item.type === "decimal" && item.scale !== null)
        return `${name} (${item.length ?? ""}, ${item.scale})`;
    return item.length === null ? name : `${name} (${item.length})`;
}

interface ItemNameProps {
    readonly name: string;
    readonly item: Item;
    readonly entry: DataSet;
}

function ItemName({ name, item, entry }: ItemNameProps): React.JSX.Element {
    const { t } = useTranslation();
    return (
        <>
            <b>{name}</b>
            {entry.key.includes(item.identifier) && <span className="mark key"> {t("dataset.keyItem")}</span>}
        </>
    );
}

function Access({ item }: { readonly item: Item }): React.JSX.Element | null {
    const { t } = useTranslation();
    const { access } = item;
    if (access === null) return null;
    if (!access.permitted)
        return (
            <>
                <span className="no">{t("dataset.denied")}</span>{" "}
                <span className="soft small">{access.advice}</span>
            </>
        );
    const free = access.purposes.find(({ purpose }) => purpose === null);
    const shown = free === undefined ? access.purposes : [free];
    return (
        <ul className="purposes">
            {shown.map(({ purpose, validUntil, scoped }) => (
                <li key={purpose}>
                    <span className="yes">
                        {purpose === null ? t("dataset.permitted") : t("dataset.permittedFor", { purpose })}
                    </span>
                    {scoped && <span className="soft small"> {t("dataset.scoped")}</span>}
                    {validUntil !== null && (
                        <span className="soft small">
                            {" "}
                            {t("dataset.until", { when: showDay(validUntil) })}
                        </span>
                    )}
                </li>
            ))}
        </ul>
    );
}
