-- What shall run for a channel, and what keeps it from running. `key` is the channel's id where `kind` is `bot`.
create table assignments (
  kind text not null check (kind in ('bot')),
  key uuid not null,
  desired boolean not null,
  -- When `desired` last changed.
  since timestamptz not null default now(),
  failures integer not null default 0,
  next_attempt_at timestamptz,
  last_error text,
  last_error_at timestamptz,
  primary key (kind, key)
);

-- Subscriptions that are known to be there at the platform, so that a restart asks for none of them.
create table chat_subscriptions (
  -- Where they live at the platform: what was lost there with its home is known no more.
  home text not null,
  channel_id uuid not null references channels on delete cascade,
  type text not null,
  -- The account whose permission is used to read.
  reader_user_id text not null,
  -- Null where the platform said "there is one" and not which.
  subscription_id text,
  created_at timestamptz not null default now(),
  primary key (home, channel_id, type)
);
create index chat_subscriptions_by_channel on chat_subscriptions (channel_id);

-- Which commands of which messages are answered, or about to be: the first claim has the answer to itself. Without a
-- reference to the channel: a claim is made for each command there is, and forgotten within the hour.
create table reply_claims (
  channel_id uuid not null,
  message_id text not null,
  command text not null,
  claimed_at timestamptz not null default now(),
  primary key (channel_id, message_id, command)
);
create index reply_claims_by_age on reply_claims (claimed_at);

-- What viewers have dressed their characters in. Most never signed in here: the platform's id is all there is of them.
create table looks (
  twitch_user_id text primary key,
  look jsonb not null,
  updated_at timestamptz not null default now()
);

-- All that a person has ever allowed this application. A sign-in that asks for nothing takes nothing back; the platform
-- says so when they do.
alter table accounts add column granted_scopes text[] not null default '{}';
