import type { Switches } from './switches.ts'

/** The applications that are registered at the platforms. */
export const APPLICATIONS = { twitch: 'chatfolk-twitch', da: 'chatfolk-da' } as const

/** Every client id is somebody's, unless the switch says otherwise. */
export function isApplication(client: string, platform: keyof typeof APPLICATIONS, { strictApps }: Switches): boolean {
  return client !== '' && (!strictApps || client === APPLICATIONS[platform])
}

export function secretOf(client: string): string {
  return `${client}-secret`
}
