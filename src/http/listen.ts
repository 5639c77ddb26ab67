import { StartError } from '../base/errors.ts'
import type { App } from './app.ts'

/** Begins to serve. @throws StartError with what the operator can do about it: 69 a taken port, 78 an address that is none. */
export async function listen(app: App, { host, port }: { host: string; port: number }): Promise<void> {
  try {
    await app.listen({ host, port, listenTextResolver: (address) => `listening at ${address}` })
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'EADDRINUSE') {
      throw new StartError(
        69,
        [`PORT ${port} on ${host} is taken by another program. Stop it, or set PORT to another number.`],
        { cause },
      )
    }
    if (code === 'EACCES' || code === 'EADDRNOTAVAIL') {
      throw new StartError(78, [`HOST ${host} with PORT ${port} cannot be listened on here (${code}).`], { cause })
    }
    throw cause
  }
}
