using System;
using WmProxy.Configuration.Values;

namespace WmProxy.Tests.Configuration.Values;

public sealed class PortRangeParserTests
{
    [Theory]
    [InlineData("0", 0, 0)]
    [InlineData("443", 443, 443)]
    [InlineData("65535", 65535, 65535)]
    [InlineData("20000-20100", 20000, 20100)]
    [InlineData("1-1", 1, 1)]
    public void TryParse_Valid_GivesBothEnds(string text, int first, int last)
    {
        Assert.True(PortRangeParser.TryParse(text, out var value, out var error), error);
        Assert.Equal(new PortRange(first, last), value);
    }

    [Theory]
    [InlineData("65536", "is not a port")]
    [InlineData("-1", "is not a port")]
    [InlineData("1-", "is not a port")]
    [InlineData("1-2-3", "is not a port")]
    [InlineData("+1", "is not a port")]
    [InlineData(" 1", "is not a port")]
    [InlineData("http", "is not a port")]
    [InlineData("", "is not a port")]
    [InlineData("99999999999999999999", "is not a port")]
    [InlineData("0-10", "starts at 0")]
    [InlineData("20100-20000", "did you mean '20000-20100'?")]
    public void TryParse_Invalid_SaysWhy(string text, string expected)
    {
        Assert.False(PortRangeParser.TryParse(text, out _, out var error));
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }
}
