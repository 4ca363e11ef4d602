using System;
using WmProxy.Configuration;
using WmProxy.Configuration.Values;

namespace WmProxy.Tests.Configuration.Values;

public sealed class EnumParserTests
{
    [Theory]
    [InlineData("V1", ProxyProtocolVersion.V1)]
    [InlineData("v2", ProxyProtocolVersion.V2)]
    public void TryParse_NameInAnyCase_GivesValue(string text, ProxyProtocolVersion expected)
    {
        Assert.True(EnumParser.TryParse<ProxyProtocolVersion>(text, out var value, out _));
        Assert.Equal(expected, value);
    }

    [Theory]
    [InlineData("1")]
    [InlineData("V1, V2")]
    [InlineData(" V1")]
    [InlineData("")]
    public void TryParse_NotAName_IsRefused(string text)
    {
        Assert.False(EnumParser.TryParse<ProxyProtocolVersion>(text, out _, out var error));
        Assert.Contains("valid values: V1, V2", error, StringComparison.Ordinal);
    }

    [Fact]
    public void TryParse_Misspelt_ProposesNearest()
    {
        Assert.False(EnumParser.TryParse<BandwidthScope>("Cleint", out _, out var error));
        Assert.Equal("'Cleint' is unknown; did you mean 'Client'? valid values: Connection, Client, Stream", error);
    }
}
