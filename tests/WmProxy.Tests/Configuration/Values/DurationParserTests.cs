using System;
using WmProxy.Configuration.Values;

namespace WmProxy.Tests.Configuration.Values;

public sealed class DurationParserTests
{
    [Theory]
    [InlineData("500ms", 0.5)]
    [InlineData("30s", 30)]
    [InlineData("1.5s", 1.5)]
    [InlineData("10m", 600)]
    [InlineData("2h", 7200)]
    [InlineData("1d", 86400)]
    [InlineData("24d", 24 * 86400)]
    [InlineData("00:00:30", 30)]
    [InlineData("00:00:00.5000000", 0.5)]
    [InlineData("23:59:59", 86399)]
    [InlineData("1.00:00:01", 86401)]
    public void TryParse_Valid_GivesDuration(string text, double seconds)
    {
        Assert.True(DurationParser.TryParse(text, out var value, out var error), error);
        Assert.Equal(TimeSpan.FromSeconds(seconds), value);
    }

    [Theory]
    [InlineData("30", "'30' has no unit; did you mean '30s'?")]
    [InlineData("5min", "unknown unit 'min'")]
    [InlineData("30S", "unknown unit 'S'")]
    [InlineData("0s", "not more than zero")]
    [InlineData("00:00:00", "not more than zero")]
    [InlineData("-00:00:01", "not more than zero")]
    [InlineData("-5s", "is not a duration")]
    [InlineData("25d", "longer than '24d'")]
    [InlineData("99999999999999999999d", "longer than '24d'")]
    [InlineData("999999999999999999999999999999999999999999d", "is not a duration")]
    [InlineData("24:00:00", "is not a duration")]
    [InlineData("00:60:00", "is not a duration")]
    [InlineData("00:30", "is not a duration")]
    [InlineData("1:1:1:1", "is not a duration")]
    [InlineData(" 30s", "is not a duration")]
    [InlineData("30s ", "unknown unit")]
    [InlineData("1,5s", "unknown unit")]
    [InlineData(".5s", "is not a duration")]
    [InlineData("5.s", "is not a duration")]
    [InlineData("1.2.3s", "is not a duration")]
    [InlineData("٣s", "is not a duration")]
    [InlineData("", "is not a duration")]
    [InlineData(":", "is not a duration")]
    [InlineData("::", "is not a duration")]
    public void TryParse_Invalid_SaysWhy(string text, string expected)
    {
        Assert.False(DurationParser.TryParse(text, out _, out var error));
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }
}
