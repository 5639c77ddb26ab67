-- Each life of a node is a session of its own: a node that was believed dead comes back under a new number, and what the
-- old number still writes is refused. All times are the database's.
create table nodes (
  session bigint generated always as identity primary key,
  node_id text not null,
  -- The process that lives it. Where it comes back under a new number it need not wait for itself.
  process text not null default '',
  roles text[] not null,
  version text not null,
  started_at timestamptz not null default now(),
  renewed_at timestamptz not null default now(),
  -- It hands over what it has and takes nothing more.
  draining boolean not null default false,
  ended_at timestamptz,
  -- `stopped`: by itself. `replaced`: another life of the same node began. `fenced`: others heard nothing of it.
  end_reason text check (end_reason in ('stopped', 'replaced', 'fenced')),
  -- What it told of itself with its last renewal, for operators: overlays, connections, memory.
  figures jsonb not null default '{}'
);
-- A node has one life at a time.
create unique index nodes_alive on nodes (node_id) where ended_at is null;

-- What runs somewhere, once: a channel's bot, a channel's donation stream (and, where wished, its second socket), a shard
-- of the conduit. `epoch` grows with each owner; whoever writes carries the one they were given.
alter table assignments drop constraint assignments_kind_check;
alter table assignments alter column key type text;
alter table assignments
  add constraint assignments_kind_check check (kind in ('bot', 'donations', 'donations-standby', 'shard')),
  -- A session of `nodes`. Null: nobody's.
  add column owner bigint,
  add column epoch bigint not null default 0,
  add column owned_since timestamptz,
  -- Since when nobody runs it who should: the last sign of life of the owner that was lost.
  add column orphaned_at timestamptz,
  -- Whether the channel was live when somebody last knew: those come first.
  add column live boolean not null default false,
  -- As the owner sees it, for people: `state` in the words of its kind, `detail` whatever else there is to tell.
  add column state text,
  add column state_since timestamptz,
  add column detail jsonb not null default '{}';
-- Each renewal counts what is its session's, and what of it nobody wants any more, from the index alone.
create index assignments_by_owner on assignments (owner, kind, desired) where owner is not null;
create index assignments_of_nobody on assignments (kind) where desired and owner is null;

-- Accounts that were connected before there was a row for their stream.
insert into assignments (kind, key, desired)
select 'donations', c.id::text, true from accounts a join channels c on c.user_id = a.user_id
where a.provider = 'donationalerts';

alter table platform_budgets
  -- The platform said "too many": nobody sends before this moment.
  add column closed_until timestamptz not null default now(),
  -- The most urgent request that waits on any node, and when it was last said: what is less urgent lets it pass.
  add column wanted_rank integer,
  add column wanted_at timestamptz;
