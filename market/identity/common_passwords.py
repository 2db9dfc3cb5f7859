"""List passwords of twelve and more characters that everyone tries first (常见口令).

Shorter ones are refused for their length. Compared in lower case.
"""

from __future__ import annotations

from typing import Final

COMMON_PASSWORDS: Final = frozenset(
    """
    012345678910 012345678912 098765432109 111222333444 112233445566 121212121212 123123123123
    123321123321 123456123456 123456789012 1234567890123 12345678901234 123456789012345
    1234567890123456 1234567890qw 123456789a123 123456789abc 123456789qwe 1q2w3e4r5t6y
    1q2w3e4r5t6y7u 1qaz2wsx3edc 1qaz2wsx3edc4rfv 1qazxsw23edc 520131452013 5201314520131
    987654321012 987654321098 a1234567890a a123456789a123 a1b2c3d4e5f6 aa1234567890 aaa123456789
    aaaa12345678 abc123456789 abcd12345678 abcdef123456 abcdefgh1234 abcdefghijkl abcdefghijklm
    admin1234567 admin12345678 admin123admin admin@123456 adminadminadmin administrator
    administrator1 alibaba12345 asd123456789 asdf12345678 asdfghjkl123 baseball1234 beijing12345
    changeme1234 changemenow1 datamarket123 football1234 hainan123456 huawei123456 iloveyou1234
    iloveyouforever letmein12345 li1234567890 mima12345678 mypassword123 nihao1234567 p@ssw0rd1234
    p@ssword1234 passw0rd1234 password1234 password12345 password123456 passwordpassword
    q1w2e3r4t5y6 qaz123456789 qazwsxedc123 qazwsxedcrfv qwer12345678 qwer1234qwer qwerty123456
    qwertyqwerty qwertyuiop12 qwertyuiop123 qwertyuiop[] qwertyuiopas root12345678 rootrootroot
    shushi123456 sunshine1234 superman1234 taobao123456 tencent12345 test12345678 testtesttest
    wang12345678 welcome12345 woaini123456 woaini1314520 woaini5201314 woaini520520 wodemima1234
    wodemima12345 zaq12wsxcde3 zhang1234567 zhongguo1234 zhongguo12345 zxc123456789 zxcvbnm12345
    zxcvbnmasdfgh
    """.split()  # noqa: SIM905 - a paragraph is easier to keep than two hundred lines
)
