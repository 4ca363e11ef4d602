using System;
using WmProxy.Configuration.Values;

namespace WmProxy.Tests.Configuration.Values;

public sealed class ByteRateParserTests
{
    [Theory]
    [InlineData("4MB/s", 4_000_000)]
    [InlineData("500KiB/s", 512_000)]
    [InlineData("1.5MB/s", 1_500_000)]
    [InlineData("1B/s", 1)]
    public void TryParse_Valid_GivesBytesPerSecond(string text, long rate)
    {
        Assert.True(ByteRateParser.TryParse(text, out var value, out var error), error);
        Assert.Equal(rate, value);
    }

    [Theory]
    [InlineData("4MB", "did you mean '4MB/s'?")]
    [InlineData("4000", "did you mean '4000B/s'?")]
    [InlineData("4000/s", "did you mean '4000B/s'?")]
    [InlineData("4Mb/s", "bits are not accepted")]
    [InlineData("4Mbit/s", "bits are not accepted")]
    [InlineData("4Mbps", "bits are not accepted")]
    [InlineData("4M/s", "did you mean 'MB'?")]
    [InlineData("4MB/m", "is not a rate")]
    [InlineData("0MB/s", "not more than zero")]
    [InlineData("0.1B/s", "whole bytes")]
    [InlineData("99999999999TB/s", "whole bytes that can be counted")]
    [InlineData("/s", "is not a rate")]
    [InlineData("-4MB/s", "is not a rate")]
    [InlineData("", "is not a rate")]
    public void TryParse_Invalid_SaysWhy(string text, string expected)
    {
        Assert.False(ByteRateParser.TryParse(text, out _, out var error));
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }
}
