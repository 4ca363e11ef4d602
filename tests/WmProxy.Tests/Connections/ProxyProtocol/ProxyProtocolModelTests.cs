using System.Net;
using WmProxy.Configuration;
using WmProxy.Connections.ProxyProtocol;

namespace WmProxy.Tests.Connections.ProxyProtocol;

public sealed class ProxyProtocolModelTests
{
    [Fact]
    public void Compile_Defaults_AreBothVersionsAndRequired()
    {
        var model = ProxyProtocolModel.Compile(new ProxyProtocolAcceptConfig { From = [IPNetwork.Parse("10.0.0.0/8")] })!;
        Assert.Equal(ProxyProtocolVersions.Both, model.Versions);
        Assert.True(model.Required);
        Assert.Null(ProxyProtocolModel.Compile(null));
    }

    [Fact]
    public void Compile_Settings_AreKept()
    {
        var model = ProxyProtocolModel.Compile(new ProxyProtocolAcceptConfig { Versions = [ProxyProtocolVersion.V2], Required = false })!;
        Assert.Equal(ProxyProtocolVersions.V2, model.Versions);
        Assert.False(model.Required);
    }

    [Theory]
    [InlineData("10.1.2.3", true)]
    [InlineData("::ffff:10.1.2.3", true)]
    [InlineData("11.0.0.0", false)]
    [InlineData("::1", true)]
    [InlineData("::2", false)]
    [InlineData(null, false)]
    public void AppliesTo_ListedNetworksOnly(string? peer, bool expected)
    {
        var model = ProxyProtocolModel.Compile(new ProxyProtocolAcceptConfig { From = [IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("::1/128")] })!;
        Assert.Equal(expected, model.AppliesTo(peer is null ? null : IPAddress.Parse(peer)));
    }
}
