import "@/components/copied.css";

import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";

/** A text to copy as it is. */
export function Copied({
    text,
    label,
}: {
    readonly text: string;
    readonly label: string;
}): React.JSX.Element {
    const { t } = useTranslation();
    const [isCopied, setCopied] = useState(false);
    return (
        <div className="copied">
            <pre tabIndex={0} aria-label={label}>
                {text}
            </pre>
            <Button
                size="small"
                onClick={() => {
                    void navigator.clipboard.writeText(text).then(() => {
                        setCopied(true);
                    });
                }}
            >
                {t(isCopied ? "states.copied" : "states.copy")}
            </Button>
            <span className="visually-hidden" role="status">
                {isCopied ? t("states.copied") : ""}
            </span>
        </div>
    );
}
