/** Return the public keys that verify the portal's checkpoints, as PEMs. Throws: Error where they can't be had. */
export async function fetchAuditKeys(): Promise<string> {
    const response = await fetch("/audit-keys", { credentials: "omit" });
    if (!response.ok) throw new Error(String(response.status));
    return response.text();
}
