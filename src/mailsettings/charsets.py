"""The text of bytes that are not UTF-8, by the characters that are frequent in each script. Pure; imports nothing.

b"-ERR \\xb5\\xc7\\xc2\\xbc\\xca\\xa7\\xb0\\xdc"  ->  "-ERR 登录失败" (GBK)

Replies are short: libraries that guess by statistics of long texts are wrong as often as right, and charset-normalizer
takes 120 ms to be imported (2026-11). What servers write to people has few characters, and in a wrong charset the
frequent ones become rare. Latin-1, which never fails, where nothing fits.
"""

from __future__ import annotations

import re

_MAX_BYTES = 400  # that are looked at; more than any excerpt shows
_ENOUGH = 0.5  # of the characters beyond ASCII are frequent ones: real texts have 0.6 and more, wrong charsets 0.3

_KANA = "".join(map(chr, (*range(0x3041, 0x3094), *range(0x30A1, 0x30FD))))
_SIMPLIFIED = (
    "的登录陆失败密码用户名错误请使授权详情看太频繁稍后再试服务器开启邮箱件账帐号不是有在未已系统忙认证无法连接被限制禁止"
    "关闭异常超过次数客端设置独立验身份需要检查重输入为或您操作求拒绝，。！：、（）正确过期停域协议"
)
_TRADITIONAL = (
    "的登入失敗密碼使用者名稱錯誤請帳號不正確是有在未已系統忙認證無法連接線被限制禁止關閉驗伺服器信箱郵件權次數過多稍後再"
    "試目前拒絕停需要檢查重新輸為或您，。！：、（）"
)
_JAPANESE = _KANA + "認証失敗接続拒否無効利用設定確認入力正再度方法制限中名使名前違間不許可現在時間後試行、。！：（）"
_KOREAN = (
    "로그인실패비밀번호아이디사용자메일증계정가이는을를은의에서하지않습니다입력확해주세요없잘못된오류접속차단제한시도외부했"
    "설보안서버거권허일치수있으바르후다시"
)
# Scripts whose letters do not stand beside ASCII letters, each with its most frequent ones.
_ALPHABETS = {
    "cp1251": "оеаинтсрвлпу",
    "koi8-r": "оеаинтсрвлпу",
    "cp1253": "αοιετσνηυρπςόίέάύή",
    "cp1255": "יוהלאמרתבש",
    "cp1256": "الينمرتوبه",
}
_IDEOGRAPHS = {
    "gb18030": _SIMPLIFIED,
    "big5": _TRADITIONAL,
    "cp932": _JAPANESE,
    "euc_jp": _JAPANESE,
    "euc_kr": _KOREAN,
}
# Letters that stand among ASCII letters. The first that has most of them wins.
_LATIN = {
    "latin-1": "äöüßéèàçñóíáúêôâîãõåøæìòùëïÄÖÜÉÈÀÇÑÓÍÁÚÅØÆ¿¡«»°",
    "cp1252": "äöüßéèàçñóíáúêôâîãõåøæìòùëïÄÖÜÉÈÀÇÑÓÍÁÚÅØÆ¿¡«»°’‘“”„–—…€œŒ",
    "cp1250": "ąćęłńóśźżáčďéěíňřšťúůýžőűöüäăâîşţĄĆĘŁŃÓŚŹŻČŘŠŽ’“”„–—…",
    "iso8859-2": "ąćęłńóśźżáčďéěíňřšťúůýžőűöüäăâîşţĄĆĘŁŃÓŚŹŻČŘŠŽ",
    "cp1254": "çğıöşüÇĞİÖŞÜâîû",
}
_BESIDE_LATIN = re.compile(r"[A-Za-z][^\x00-\x7f]|[^\x00-\x7f][A-Za-z]")


def decoded(data: bytes) -> str:
    """Return *data* as text: UTF-8 if it is, otherwise in the charset whose frequent characters it has."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data[:_MAX_BYTES].decode(_charset(data[:_MAX_BYTES]), "replace") + data[_MAX_BYTES:].decode("latin-1")


def _charset(data: bytes) -> str:
    """Return the charset in which *data*, which is not UTF-8, makes most sense."""
    shares = {name: _share(data.decode(name, "replace"), usual) for name, usual in _IDEOGRAPHS.items()}
    for name, usual in _ALPHABETS.items():
        text = data.decode(name, "replace")
        shares[name] = 0.0 if _BESIDE_LATIN.search(text) else _share(text, usual)
    best = max(shares, key=shares.__getitem__)
    if shares[best] >= _ENOUGH:
        return best
    latin = {name: _share(data.decode(name, "replace"), usual) for name, usual in _LATIN.items()}
    return max(latin, key=latin.__getitem__)


def _share(text: str, usual: str) -> float:
    """Return which part of the characters of *text* beyond ASCII is among the *usual* ones; 0 for a single one."""
    beyond = [char for char in text if not char.isascii()]
    if not beyond or (len(beyond) == 1 and beyond[0] > "\u036f"):
        return 0.0
    return sum(char in usual for char in beyond) / len(beyond)
