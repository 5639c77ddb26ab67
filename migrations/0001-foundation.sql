-- Forward only; never edited after landing. Times are timestamptz by the database's own clock; money is numeric.

create table users (
  id uuid primary key default gen_random_uuid(),
  twitch_user_id text not null unique,
  login text not null,
  display_name text not null,
  created_at timestamptz not null default now()
);

-- Tokens at a platform, sealed with SECRET_KEYS (see src/base/secret-box.ts). `version` grows with each stored pair;
-- one refresher at a time holds the lease.
create table accounts (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references users on delete cascade,
  provider text not null check (provider in ('twitch', 'donationalerts')),
  external_id text not null,
  external_name text not null,
  -- The OAuth application the tokens belong to: budgets and secrets are per application.
  application text not null,
  scopes text[] not null default '{}',
  access_token text not null,
  refresh_token text,
  expires_at timestamptz,
  version integer not null default 1,
  state text not null default 'ok' check (state in ('ok', 'needs_reauth', 'missing_scope')),
  refresh_lease_by text,
  refresh_lease_until timestamptz,
  -- The refresh token that was already used once whose answer got lost: it may be tried again exactly once.
  refresh_lost_at timestamptz,
  validated_at timestamptz not null default now(),
  created_at timestamptz not null default now(),
  unique (provider, external_id),
  unique (user_id, provider)
);
create index accounts_to_validate on accounts (validated_at) where provider = 'twitch' and state = 'ok';

create table sessions (
  id_hash bytea primary key,
  user_id uuid not null references users on delete cascade,
  created_at timestamptz not null default now(),
  seen_at timestamptz not null default now(),
  expires_at timestamptz not null
);
create index sessions_by_user on sessions (user_id);
create index sessions_by_expiry on sessions (expires_at);

-- OAuth states that were already used. A key is refused the second time on whichever node it turns up.
create table used_keys (
  key_hash bytea primary key,
  expires_at timestamptz not null
);
create index used_keys_by_expiry on used_keys (expires_at);

create table channels (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null unique references users on delete cascade,
  settings jsonb not null default '{}',
  settings_rev integer not null default 1,
  -- The overlay key is looked up by hash and shown to its owner from the sealed copy.
  overlay_key_hash bytea not null unique,
  overlay_key text not null,
  overlay_key_rev integer not null default 1,
  alerts_paused boolean not null default false,
  overlay_seen_at timestamptz,
  created_at timestamptz not null default now()
);

-- How far the stream of an account was read. Moves only over contiguous numbers, in the statement that stores what it passed.
create table donation_positions (
  provider text not null,
  account_id text not null,
  channel_id uuid not null references channels on delete cascade,
  epoch text,
  seq bigint not null default 0,
  -- Donations made before this instant are history; later ones are shown.
  baseline_at timestamptz not null,
  -- Null until the first reading of the REST history is done.
  baseline_done_at timestamptz,
  -- Set while the platform could not vouch for what lies behind us; cleared when its history was read back.
  gap_since timestamptz,
  last_sweep_at timestamptz,
  -- Sealed. Kept over restarts: it halves the requests that bringing all streams back costs.
  socket_token text,
  last_push_at timestamptz,
  primary key (provider, account_id)
);

create table donations (
  id uuid primary key default gen_random_uuid(),
  channel_id uuid not null references channels on delete cascade,
  provider text not null,
  account_id text not null,
  external_id text not null,
  donor text,
  amount numeric not null,
  currency text not null,
  message text not null,
  message_kind text not null check (message_kind in ('text', 'audio')),
  arrival text not null check (arrival in ('push', 'recovery', 'sweep')),
  -- Made before the streamer connected: stored, never shown by itself.
  history boolean not null,
  test boolean not null,
  made_at timestamptz not null,
  received_at timestamptz not null default now(),
  -- Exactly what the platform sent.
  raw text not null,
  unique (provider, account_id, external_id)
);
create index donations_ledger on donations (channel_id, made_at desc, id desc);

create table alerts (
  id uuid primary key default gen_random_uuid(),
  channel_id uuid not null references channels on delete cascade,
  donation_id uuid not null references donations on delete cascade,
  state text not null default 'queued'
    check (state in ('queued', 'offered', 'started', 'shown', 'skipped', 'missed', 'interrupted')),
  test boolean not null,
  -- Set where the streamer asked for it again.
  replay boolean not null default false,
  -- The queue's order: replays first, then by the donation's own time, then by the platform's number.
  made_at timestamptz not null,
  external_order numeric not null default 0,
  ordinal bigint generated always as identity,
  attempt integer not null default 0,
  token uuid,
  lease_until timestamptz,
  overlay text,
  queued_at timestamptz not null default now(),
  offered_at timestamptz,
  started_at timestamptz,
  ended_at timestamptz
);
-- At most one alert of a channel is in flight, whatever two nodes believe.
create unique index alerts_in_flight on alerts (channel_id) where state in ('offered', 'started');
create index alerts_queue on alerts (channel_id, replay desc, made_at, external_order, ordinal) where state = 'queued';
create index alerts_by_donation on alerts (donation_id);

-- What a platform sent and we could not read. Shown to the operator, kept until somebody resolves it.
create table parked_payloads (
  id uuid primary key default gen_random_uuid(),
  channel_id uuid not null references channels on delete cascade,
  provider text not null,
  account_id text not null,
  arrival text not null,
  payload text not null,
  payload_hash bytea not null,
  reason text not null,
  received_at timestamptz not null default now(),
  resolved_at timestamptz,
  unique (provider, account_id, payload_hash)
);

-- When the next request of an application may be sent.
create table platform_budgets (
  application text primary key,
  next_at timestamptz not null default now()
);
