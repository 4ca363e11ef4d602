using System;
using WmProxy.Configuration.Values;

namespace WmProxy.Tests.Configuration.Values;

public sealed class SizeParserTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("65536", 65536)]
    [InlineData("1B", 1)]
    [InlineData("64KiB", 65536)]
    [InlineData("1kB", 1000)]
    [InlineData("1KB", 1000)]
    [InlineData("10MB", 10_000_000)]
    [InlineData("1.5MiB", 1_572_864)]
    [InlineData("2GB", 2_000_000_000)]
    [InlineData("1GiB", 1L << 30)]
    [InlineData("1TB", 1_000_000_000_000)]
    [InlineData("1TiB", 1L << 40)]
    [InlineData("9223372036854775807", long.MaxValue)]
    public void TryParse_Valid_GivesBytes(string text, long bytes)
    {
        Assert.True(SizeParser.TryParse(text, out var value, out var error), error);
        Assert.Equal(bytes, value);
    }

    [Theory]
    [InlineData("10mb", "bits are not accepted")]
    [InlineData("10Mbit", "bits are not accepted")]
    [InlineData("10M", "did you mean 'MB'?")]
    [InlineData("10MIB", "did you mean 'MiB'?")]
    [InlineData("10XB", "unknown unit 'XB'; Valid units: B, KB, MB, GB, TB, KiB, MiB, GiB, TiB")]
    [InlineData("9223372036854775808", "too large")]
    [InlineData("99999999TiB", "too large")]
    [InlineData("0.5", "not a whole number of bytes")]
    [InlineData("-1", "is not a size")]
    [InlineData("", "is not a size")]
    [InlineData("KiB", "is not a size")]
    [InlineData("10 MB", "unknown unit")]
    public void TryParse_Invalid_SaysWhy(string text, string expected)
    {
        Assert.False(SizeParser.TryParse(text, out _, out var error));
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }
}
