using System;
using WmProxy.Configuration.Values;

namespace WmProxy.Tests.Configuration.Values;

public sealed class NetworkParserTests
{
    [Theory]
    [InlineData("10.0.0.0/8", "10.0.0.0/8")]
    [InlineData("0.0.0.0/0", "0.0.0.0/0")]
    [InlineData("192.0.2.1", "192.0.2.1/32")]
    [InlineData("192.0.2.0/25", "192.0.2.0/25")]
    [InlineData("192.0.2.1/32", "192.0.2.1/32")]
    [InlineData("::1", "::1/128")]
    [InlineData("::/0", "::/0")]
    [InlineData("2001:DB8::/32", "2001:db8::/32")]
    [InlineData("2001:db8:8000::/33", "2001:db8:8000::/33")]
    [InlineData("::ffff:10.0.0.0/104", "10.0.0.0/8")]
    [InlineData("::ffff:192.0.2.1", "192.0.2.1/32")]
    public void TryParse_Valid_GivesNetwork(string text, string network)
    {
        Assert.True(NetworkParser.TryParse(text, out var value, out var error), error);
        Assert.Equal(network, value.ToString());
    }

    [Theory]
    [InlineData("10.0.0.1/8", "did you mean '10.0.0.0/8'?")]
    [InlineData("192.0.2.129/25", "did you mean '192.0.2.128/25'?")]
    [InlineData("2001:db8::1/32", "did you mean '2001:db8::/32'?")]
    [InlineData("::ffff:10.0.0.1/104", "did you mean '10.0.0.0/8'?")]
    [InlineData("1.2.3.4/0", "did you mean '0.0.0.0/0'?")]
    [InlineData("10.0.0.0/33", "no prefix length from 0 to 32")]
    [InlineData("::/129", "no prefix length from 0 to 128")]
    [InlineData("::ffff:0:0/95", "no prefix length from 96 to 128")]
    [InlineData("10.0.0.0/", "no prefix length")]
    [InlineData("10.0.0.0/255.0.0.0", "no prefix length")]
    [InlineData("10.0.0.0/+8", "no prefix length")]
    [InlineData("10.0.0", "is not a network")]
    [InlineData("1", "is not a network")]
    [InlineData("010.0.0.1", "is not a network")]
    [InlineData("0x0a.0.0.1", "is not a network")]
    [InlineData("[::1]", "is not a network")]
    [InlineData("fe80::1%1", "is not a network")]
    [InlineData("example.com", "is not a network")]
    [InlineData("", "is not a network")]
    [InlineData("/8", "is not a network")]
    public void TryParse_Invalid_SaysWhy(string text, string expected)
    {
        Assert.False(NetworkParser.TryParse(text, out _, out var error));
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }
}
