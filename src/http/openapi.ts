import fastifySwagger from '@fastify/swagger'
import { jsonSchemaTransform } from 'fastify-type-provider-zod'
import type { Access } from './access.ts'
import type { App } from './app.ts'

const SECURITY: Record<Access, Record<string, string[]>[]> = {
  public: [],
  ticket: [{ ticket: [] }],
  session: [{ session: [] }],
  streamer: [{ session: [] }],
  admin: [{ admin: [] }],
}

/** Makes OpenAPI 3.1 of the routes added from now on, from the very schemas that validate. Pages are not part of it. */
export async function describeRoutes(app: App, baseUrl: string): Promise<void> {
  const secure = baseUrl.startsWith('https:')
  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Chatfolk',
        version: '1',
        description: 'Errors are RFC 9457 problem details with a stable `code`.',
      },
      servers: [{ url: baseUrl }],
      components: {
        securitySchemes: {
          session: { type: 'apiKey', in: 'cookie', name: `${secure ? '__Host-' : ''}chatfolk_session` },
          ticket: {
            type: 'apiKey',
            in: 'query',
            name: 'ticket',
            description: 'From POST /api/overlay/session; in the body of a POST.',
          },
          admin: { type: 'http', scheme: 'bearer' },
        },
      },
    },
    transform(given) {
      const { schema, url } = jsonSchemaTransform(given)
      const hide = !/^\/(api|auth|health|metrics)(\/|$)/.test(url)
      const access = given.route.config?.access ?? 'public'
      return { schema: { ...schema, hide, security: SECURITY[access] }, url }
    },
  })
}

export function serveDescription(app: App): void {
  app.get('/api/openapi.json', { config: { access: 'public' }, schema: { hide: true } }, () => app.swagger())
}
