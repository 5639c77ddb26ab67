import type { People } from './people.ts'
import { html, redirect, type Exchange, type Reply } from './http.ts'
import type { Grants } from './grants.ts'
import type { Switches } from './switches.ts'

/** An authorize request that the platform has found in order. */
export interface Consent {
  platform: 'Twitch' | 'DonationAlerts'
  client: string
  redirectUri: string
  scopes: string[]
  /** What a refusal says, besides `error` and `state`. */
  denial: string
  userOf: (person: ReturnType<People['all']>[number]) => string
}

export interface ConsentOptions {
  people: People
  grants: Grants
  switches: Switches
}

/**
 * The page on which a person lets an application in. `login_as=<login or id>` takes the place of the click, for tests;
 * `deny=1` is the other answer; `create=1` first makes up the person whom `login_as` names.
 */
export function askConsent({ people, grants, switches }: ConsentOptions, { url }: Exchange, consent: Consent): Reply {
  const { client, redirectUri, scopes, denial, userOf } = consent
  const state = url.searchParams.get('state')
  const back = (fields: Record<string, string>): Reply => {
    const target = new URL(redirectUri)
    for (const [name, text] of Object.entries(fields)) target.searchParams.set(name, text)
    if (state !== null) target.searchParams.set('state', state)
    return redirect(target.href)
  }
  if (url.searchParams.has('deny')) return back({ error: 'access_denied', error_description: denial })

  const name = url.searchParams.get('login_as')?.trim() ?? ''
  if (name !== '' && url.searchParams.get('create') === '1' && !people.find(name) && LOGIN.test(name))
    people.add({ login: name.toLowerCase(), name })
  const person = name === '' ? (switches.autoApprove ? people.all()[0] : undefined) : people.find(name)
  if (person)
    return back({ code: grants.code({ user: userOf(person), client, scopes, redirectUri }), scope: scopes.join(' ') })
  return html(name === '' ? 200 : 404, consentPage(consent, url, people, name))
}

/** Where an application may send people back to: the two callback routes, wherever they are served. */
export function isCallback(redirectUri: string, path: string): boolean {
  const target = URL.parse(redirectUri)
  return target !== null && /^https?:$/.test(target.protocol) && target.pathname === path && !target.hash
}

/** Twitch's own rule for logins. */
const LOGIN = /^[A-Za-z0-9_]{1,25}$/

function consentPage({ platform, client, scopes }: Consent, url: URL, people: People, unknown: string): string {
  const link = (fields: Record<string, string>) => {
    const target = new URL(url)
    for (const [name, text] of Object.entries(fields)) target.searchParams.set(name, text)
    return escape(target.pathname + target.search)
  }
  const buttons = people
    .all()
    .map(
      ({ login, name }) =>
        `<li><a class="person" href="${link({ login_as: login })}">${escape(name)} <small>${escape(login)}</small></a></li>`,
    )
  const hidden = [...url.searchParams]
    .filter(([name]) => name !== 'login_as' && name !== 'create')
    .map(([name, text]) => `<input type="hidden" name="${escape(name)}" value="${escape(text)}">`)
  return `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Sign in to ${platform} (simulated)</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="/page/page.css"></head>
<body><main class="narrow card"><h1>${platform} <small>simulated</small></h1>
<p><b>${escape(client)}</b> wants to act for you${scopes.length > 0 ? ` with <code>${escape(scopes.join(' '))}</code>` : ''}.</p>
${unknown === '' ? '' : `<p role="alert">There is nobody called ${escape(unknown)} here.</p>`}
<h2>Who are you?</h2>
${buttons.length > 0 ? `<ul class="people">${buttons.join('')}</ul>` : '<p>Nobody lives here yet.</p>'}
<form method="get" action="${escape(url.pathname)}">${hidden.join('')}<input type="hidden" name="create" value="1">
<label>Somebody new <input name="login_as" required pattern="[A-Za-z0-9_]{1,25}" placeholder="login"></label> <button>Sign in</button></form>
<p><a href="${link({ deny: '1' })}">Deny</a></p></main></body></html>`
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
}
