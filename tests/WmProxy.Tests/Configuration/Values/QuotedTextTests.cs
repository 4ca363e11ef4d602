using WmProxy.Configuration.Values;

namespace WmProxy.Tests.Configuration.Values;

public sealed class QuotedTextTests
{
    [Theory]
    [InlineData("plain", "'plain'")]
    [InlineData("socks5://user:secret@host:1", "'socks5://***@host:1'")]
    [InlineData("user:sec@ret@host", "'***@host'")]
    [InlineData("a\r\nb\0", "'a\\u000D\\u000Ab\\u0000'")]
    public void Quote_Text_IsOneLineWithoutSecrets(string text, string expected) => Assert.Equal(expected, QuotedText.Quote(text));

    [Fact]
    public void Quote_LongText_IsCut() => Assert.Equal($"'{new string('x', 100)}…'", QuotedText.Quote(new string('x', 5000)));
}
