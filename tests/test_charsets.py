"""Replies that are not UTF-8, in the charsets that old mail servers write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsettings.charsets import decoded
from mailsettings.escape import excerpt

REPLIES = [
    ("gbk", "登录太频繁，请稍后再试"),
    ("gbk", "Error: 请使用授权码登录。详情请看: http://service.mail.qq.com/"),
    ("gbk", "用户名或密码错误"),
    ("gb2312", "密码错误"),
    ("big5", "登入失敗，帳號或密碼錯誤"),
    ("big5", "請稍後再試"),
    ("cp932", "ログインに失敗しました。"),
    ("cp932", "認証に失敗しました。ユーザー名またはパスワードが違います"),
    ("euc_jp", "ユーザー名またはパスワードが正しくありません"),
    ("euc_kr", "로그인 실패: 아이디 또는 비밀번호를 확인해 주세요"),
    ("euc_kr", "비밀번호 오류"),
    ("koi8-r", "Неверное имя пользователя или пароль"),
    ("koi8-r", "ошибка авторизации"),
    ("cp1251", "Неверный логин или пароль"),
    ("cp1251", "Доступ запрещён. Включите IMAP в настройках"),
    ("cp1253", "Λάθος όνομα χρήστη ή κωδικός"),
    ("cp1255", "שם המשתמש או הסיסמה שגויים"),
    ("cp1256", "اسم المستخدم أو كلمة المرور غير صحيحة"),
    ("latin-1", "Ungültiger Benutzername oder Kennwort für dieses Postfach"),
    ("latin-1", "Échec de l'authentification : mot de passe erroné"),
    ("latin-1", "usuario o contraseña inválidos"),
    ("latin-1", "usuário ou senha inválidos"),
    ("cp1252", "L’accès IMAP est désactivé"),
    ("cp1250", "Błędna nazwa użytkownika lub hasło. Spróbuj później"),
    ("iso8859-2", "Błędna nazwa użytkownika lub hasło, spróbuj później. Dostęp został wyłączony"),
    ("cp1250", "Přihlášení se nezdařilo: špatné heslo"),
    ("cp1254", "Kullanıcı adı veya şifre yanlış, lütfen bağlantıyı yenileyin"),
]


@pytest.mark.parametrize(("charset", "text"), REPLIES, ids=[f"{name} {text[:8]}" for name, text in REPLIES])
def test_a_reply_is_read_in_its_own_charset(charset: str, text: str) -> None:
    """
    None of them says which charset it has.
    """
    assert decoded(f"-ERR {text}".encode(charset)) == f"-ERR {text}"
    assert decoded(f"-ERR {text}".encode()) == f"-ERR {text}"


@given(st.binary(max_size=1000))
def test_any_bytes_have_a_printable_excerpt(data: bytes) -> None:
    """
    Whatever the charset, what is shown has no character that a terminal would interpret.
    """
    assert excerpt(data).isprintable()


def test_a_terminal_sequence_stays_escaped_in_every_charset() -> None:
    """
    ESC and CSI are no letters anywhere.
    """
    text = excerpt("-ERR 登录失败\x1b[2J请稍后再试".encode("gbk"))

    assert text == r"-ERR 登录失败\x1b[2J请稍后再试"
