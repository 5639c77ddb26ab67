/** Sign-in at a platform by the authorization-code flow. Both platforms speak it, each with its own accents. */
export interface OAuthProvider {
  /** The address to send the browser to. */
  authorizeUrl(request: { application: string; redirectUri: string; state: string; scopes: readonly string[] }): string
  /** @throws AppError `oauth-failed` where the code is refused, `platform-*` where the platform fails. */
  exchangeCode(request: { application: string; redirectUri: string; code: string }): Promise<TokenPair>
  /**
   * @throws AppError `platform-auth` only where the platform really refused the refresh token;
   * `platform-network`, `platform-server`, `platform-rate-limit`, `platform-invalid` for everything that may pass.
   */
  refresh(request: { application: string; refreshToken: string }): Promise<TokenPair>
}

export interface TokenPair {
  accessToken: string
  /** Absent where the platform gave none; keep the old one then. */
  refreshToken: string | null
  /** Seconds, as the platform said; `null` where it said nothing. */
  expiresInS: number | null
  /** What was granted, where the platform says it. */
  scopes: string[] | null
}

/** The id and secret of a registered application at a platform. */
export interface OAuthApplication {
  clientId: string
  clientSecret: string
}
