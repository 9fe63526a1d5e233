"""Entries of a small lending library and its shop, made here, with labelled questions in two languages."""

from assets.catalog.search.model import Column, Entry


def _columns(names: str) -> tuple[Column, ...]:
    return tuple(Column(name=name, date=name.endswith(("_date", "_at"))) for name in names.split())


ENTRIES = (
    Entry(
        key="lib/readers",
        title="tblReaders",
        source="lib",
        columns=(
            *_columns("ReaderId FullName joined_at"),
            Column(name="f7", labels=("mobile number", "手机号")),
            Column(name="district", values=("Riverside", "Old Town", "Northgate")),
        ),
        related=("lib/loans",),
    ),
    Entry(
        key="lib/loans",
        title="loans",
        source="lib",
        columns=_columns("loan_id reader_id book_id lent_at due_date returned_at"),
        related=("lib/readers", "lib/books"),
    ),
    Entry(
        key="lib/books",
        title="books",
        source="lib",
        columns=(
            *_columns("book_id title author isbn"),
            Column(name="lang", values=("German", "Czech"), comment="语种"),
        ),
        related=("lib/loans",),
    ),
    Entry(
        key="shop/daily_active",
        title="user_activity",
        source="shop",
        description="One row per user and day with something done.",
        columns=_columns("user_id activity_date sessions"),
        changed="2031-04-02T10:00:00+00:00",
    ),
    Entry(key="shop/cust_dim", title="cust_dim", source="shop", columns=_columns("cust_no nm eml_addr")),
    Entry(key="shop/payments", title="payments", source="shop", columns=_columns("payment_id amount paid_at")),
    Entry(key="shop/payroll", title="salaries", source="shop", columns=_columns("emp_id month net_pay"), owner="hr"),
    Entry(key='doc/订单 "x"; drop', title='订单 "x"; drop', source="doc", columns=_columns("编号 金额")),
)
LABELLED = (
    ("近30天活跃用户数据", "shop/daily_active"),
    ("active users of the last 30 days", "shop/daily_active"),
    ("客户的邮箱", "shop/cust_dim"),
    ("customer e-mail address", "shop/cust_dim"),
    ("读者的手机号", "lib/readers"),
    ("readers' mobile numbers", "lib/readers"),
    ("哪些图书的作者", "lib/books"),
    ("which books are in Czech", "lib/books"),
    ("what has been borrowed and is overdue, by due date", "lib/loans"),
    ("员工工资", "shop/payroll"),
    ("monthly wages of staff", "shop/payroll"),
    ("支付金额", "shop/payments"),
    ("readers who live in Old Town", "lib/readers"),
    ("订单金额", 'doc/订单 "x"; drop'),
    ("语种", "lib/books"),
)
