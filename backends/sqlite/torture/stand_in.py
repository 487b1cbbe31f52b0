import sqlite3, threading, time
from pathlib import Path
from collections import Counter, defaultdict
from datetime import datetime, timedelta, UTC
from lazyjobs import *

E = datetime(1970, 1, 1, tzinfo=UTC)
US = timedelta(microseconds=1)


def us(t):
    return (t - E) // US


def dt(n):
    return E + n * US


def now():
    return us(datetime.now(UTC))


COLS = "id,kind,queue,payload,state,attempt,max_attempts,run_at,created_at,updated_at,lease,last_error"


def rec(r):
    return Record(
        id=r[0],
        kind=r[1],
        queue=r[2],
        payload=r[3],
        state=State(r[4]),
        attempt=r[5],
        max_attempts=r[6],
        run_at=dt(r[7]),
        created_at=dt(r[8]),
        updated_at=dt(r[9]),
        lease_expires_at=None if r[10] is None else dt(r[10]),
        last_error=r[11],
    )


import functools


def guarded(f):
    @functools.wraps(f)
    def g(self, *a):
        try:
            with self.lock:
                return f(self, *a)
        except sqlite3.Error as e:
            if self.c.in_transaction:
                self.c.execute("rollback")
            raise BackendUnavailableError(f"{self.path}: {e}") from e

    return g


class StandIn:
    def __init__(self, path, synchronous="full"):
        self.path = path
        self.lock = threading.RLock()
        try:
            self.c = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=20)
            self.c.execute("pragma journal_mode=wal")
            self.c.execute(f"pragma synchronous={synchronous}")
            self.c.execute("pragma wal_autocheckpoint=20")
            self.c.execute("begin immediate")
            self.c.execute(
                f"create table if not exists jobs(id integer primary key autoincrement,kind,queue,payload,state,attempt,max_attempts,run_at,created_at,updated_at,lease,last_error,due)"
            )
            self.c.execute("create index if not exists due on jobs(queue,due,id)")
            self.c.execute("commit")
        except sqlite3.Error as e:
            raise BackendUnavailableError(f"{path}: {e}") from e

    def close(self):
        self.c.close()

    def _insert(self, p):
        n = now()
        r = n if p.run_at is None else us(p.run_at)
        return rec(
            self.c.execute(
                f"insert into jobs(kind,queue,payload,state,attempt,max_attempts,run_at,created_at,updated_at,lease,last_error,due) values(?,?,?,'pending',0,?,?,?,?,null,'',?) returning {COLS}",
                (p.kind, p.queue, p.payload, p.max_attempts, r, n, n, r),
            ).fetchall()[0]
        )

    @guarded
    def insert(self, p):
        return self._insert(p)

    @guarded
    def insert_many(self, ps):
        self.c.execute("begin immediate")
        out = [self._insert(p) for p in ps]
        self.c.execute("commit")
        return out

    def _claim(self, p):
        n = now() if p.now is None else us(p.now)
        q = ",".join("?" * len(p.queues))
        rows = self.c.execute(
            f"update jobs set state='running',attempt=attempt+1,lease=?,due=?,updated_at=max(updated_at,?) where id=(select id from jobs where queue in ({q}) and due<=? order by due,id limit 1) returning {COLS}",
            (n + p.lease // US, n + p.lease // US, now(), *p.queues, n),
        ).fetchall()
        return rec(rows[0]) if rows else None

    @guarded
    def claim(self, p):
        return self._claim(p)

    def _fin(self, p, state):
        row = self.c.execute("select state,attempt from jobs where id=?", (p.id,)).fetchone()
        if row == (state, p.attempt):
            return
        if row != ("running", p.attempt):
            raise ClaimLostError(p.id, p.attempt, str(row))
        n = now()
        if state == "succeeded":
            self.c.execute(
                "update jobs set state=?,lease=null,due=null,updated_at=max(updated_at,?) where id=?", (state, n, p.id)
            )
        elif state == "discarded":
            self.c.execute(
                "update jobs set state=?,lease=null,due=null,last_error=?,updated_at=max(updated_at,?) where id=?",
                (state, p.last_error, n, p.id),
            )
        else:
            r = n if p.run_at is None else us(p.run_at)
            self.c.execute(
                "update jobs set state=?,lease=null,due=?,run_at=?,last_error=?,updated_at=max(updated_at,?) where id=?",
                (state, r, r, p.last_error, n, p.id),
            )

    def _txn(self, f):
        self.c.execute("begin immediate")
        try:
            out = f()
        except ClaimLostError:
            self.c.execute("rollback")
            raise
        self.c.execute("commit")
        return out

    @guarded
    def complete(self, p):
        self._txn(lambda: self._fin(p, "succeeded"))

    @guarded
    def retry(self, p):
        self._txn(lambda: self._fin(p, "retrying"))

    @guarded
    def discard(self, p):
        self._txn(lambda: self._fin(p, "discarded"))

    @guarded
    def finish_and_claim(self, f, p):
        s = {CompleteParams: "succeeded", RetryParams: "retrying", DiscardParams: "discarded"}[type(f)]

        def go():
            self._fin(f, s)
            return self._claim(p)

        return self._txn(go)

    @guarded
    def extend(self, p):
        def go():
            row = self.c.execute("select state,attempt from jobs where id=?", (p.id,)).fetchone()
            if row != ("running", p.attempt):
                raise ClaimLostError(p.id, p.attempt, str(row))
            e = (now() if p.now is None else us(p.now)) + p.lease // US
            self.c.execute("update jobs set lease=?,due=? where id=?", (e, e, p.id))

        self._txn(go)

    @guarded
    def list(self, o=ListOptions()):
        s = [str(x) for x in (o.states or State)]
        return [
            rec(r)
            for r in self.c.execute(
                f"select {COLS} from jobs where state in ({','.join('?' * len(s))}) order by updated_at desc,id desc limit ?",
                (*s, -1 if o.limit is None else o.limit),
            ).fetchall()
        ]

    @guarded
    def stats(self):
        bs, bk, bq = Counter(), Counter(), Counter()
        bqs = defaultdict(Counter)
        for s, k, q, n in self.c.execute("select state,kind,queue,count(*) from jobs group by 1,2,3").fetchall():
            s = State(s)
            bs[s] += n
            bk[k] += n
            bq[q] += n
            bqs[q][s] += n
        return Stats(
            total=sum(bs.values()),
            by_state=dict(bs),
            by_kind=dict(bk),
            by_queue=dict(bq),
            by_queue_state={q: dict(c) for q, c in bqs.items()},
        )

    @guarded
    def prune(self, p):
        return self.c.execute(
            "delete from jobs where id in (select id from jobs where state in ('succeeded','discarded') and updated_at<? order by updated_at limit ?)",
            (us(p.finished_before), p.limit),
        ).rowcount
