import { Button, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";

interface TokenProps {
    readonly token: string | null;
    readonly onChange: (token: string | null) => void;
}

/** An application's token, to ask as it does. It stays in this page's memory, and goes with the page. */
export function Token({ token, onChange }: TokenProps): React.JSX.Element {
    const { t } = useTranslation();
    const [typed, setTyped] = useState("");
    return (
        <form
            className="card token"
            onSubmit={(event) => {
                event.preventDefault();
                onChange(typed.trim() === "" ? null : typed.trim());
                setTyped("");
            }}
        >
            <label htmlFor="token">{t("explorer.token")}</label>
            <Input.Password
                id="token"
                autoComplete="off"
                placeholder={t("explorer.tokenHint")}
                value={typed}
                onChange={({ target }) => {
                    setTyped(target.value);
                }}
            />
            <Button htmlType="submit" disabled={typed.trim() === ""}>
                {t("explorer.tokenUse")}
            </Button>
            {token !== null && (
                <Button
                    onClick={() => {
                        onChange(null);
                    }}
                >
                    {t("explorer.tokenDrop")}
                </Button>
            )}
        </form>
    );
}
