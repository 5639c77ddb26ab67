import type { DonationSocket, DonationSocketOptions, DonationSource } from '../../platforms/donation-source.ts'

export interface OpenDonationSocketOptions extends Omit<DonationSocketOptions, 'sign'> {
  source: Pick<DonationSource, 'openSocket'>
  /** Waits for the application's next place and runs one request in it. */
  pay<T>(request: () => Promise<T>): Promise<T>
  /** Signs `client` with a valid token. `request` sends one request; it is called again where a token was refreshed. */
  sign(client: string, pay: <T>(request: () => Promise<T>) => Promise<T>): Promise<string>
  /** Ends the socket, in whatever state it is. */
  signal: AbortSignal
}

/**
 * Dials inside the place in the budget that its signature needs: sockets open as fast as they can be signed, and none
 * waits, opened, for a signature that may be minutes away (docs/decisions/0002).
 * @returns when the connection was signed or has ended; `subscribed` tells later which of the two it came to.
 * @throws what signing throws.
 */
export function openDonationSocket(
  options: OpenDonationSocketOptions,
): Promise<{ socket: DonationSocket; subscribed: Promise<boolean> }> {
  const { source, pay, sign, onSubscribed, signal, ...rest } = options
  return pay(async () => {
    // The place we are in pays for the first signature; later ones take places of their own.
    let paid = true
    const payAgain = <T>(request: () => Promise<T>): Promise<T> => {
      if (!paid) return pay(request)
      paid = false
      return request()
    }
    const subscribed = Promise.withResolvers<boolean>()
    const signed = Promise.withResolvers<void>()
    const socket = source.openSocket({
      ...rest,
      async sign(client) {
        try {
          const signature = await sign(client, payAgain)
          signed.resolve()
          return signature
        } catch (error) {
          signed.reject(error)
          throw error
        }
      },
      onSubscribed(result) {
        onSubscribed(result)
        subscribed.resolve(true)
      },
    })
    const close = () => socket.close()
    signal.addEventListener('abort', close, { once: true })
    if (signal.aborted) close()
    void socket.closed.then(() => {
      signal.removeEventListener('abort', close)
      subscribed.resolve(false)
    })
    try {
      // A socket that ends before it asked for a signature tells so by `closed`.
      await Promise.race([signed.promise, socket.closed])
    } catch (error) {
      socket.close()
      throw error
    }
    return { socket, subscribed: subscribed.promise }
  })
}
