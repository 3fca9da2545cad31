from tests.support import Account


def test_add_and_get(account: Account) -> None:
    todo = account.add(" Buy milk ")
    assert account.call("GET", f"/todos/{todo['id']}").json() == todo
