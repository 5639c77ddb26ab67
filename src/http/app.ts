import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance, RawServerDefault } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Logger } from '../base/logger.ts'

/** The server as routes see it: schemas are zod's, and give the handlers their types. */
export type App = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, Logger, ZodTypeProvider>

/** Adds the routes of one part of the outside to the server. Each route declares `config: { access }`. */
export type Routes = (app: App) => void | Promise<void>
