using System;
using System.Net;
using System.Threading.Tasks;
using Microsoft.Extensions.Time.Testing;
using WmProxy.Configuration;
using WmProxy.Relay.Bandwidth;

namespace WmProxy.Tests.Relay.Bandwidth;

public sealed class BandwidthModelTests
{
    private static readonly IPAddress Client = IPAddress.Parse("192.0.2.1");

    [Fact]
    public void Compile_NothingLimited_IsNoModel()
    {
        Assert.Null(BandwidthModel.Compile(null, null, TimeProvider.System));
        Assert.Null(BandwidthModel.Compile(new BandwidthConfig { Per = BandwidthScope.Stream }, null, TimeProvider.System));
    }

    [Fact]
    public void Rent_OneDirectionLimited_LeavesTheOtherOne()
    {
        using var lease = Compile(new BandwidthConfig { Download = 1000 }).Rent(Client);
        Assert.Null(lease.Upload);
        Assert.Equal(1000, lease.Download!.BytesPerSecond);
    }

    [Fact]
    public void Rent_PerConnectionByDefault_SharesNothing()
    {
        var model = Compile(new BandwidthConfig { Upload = 1000, Download = 2000 });
        using var first = model.Rent(Client);
        using var second = model.Rent(Client);
        Assert.NotSame(first.Upload, second.Upload);
        Assert.NotSame(first.Download, second.Download);
        Assert.NotSame(first.Upload, first.Download);
        Assert.Equal(0, model.Clients);
    }

    [Fact]
    public async Task Rent_PerStream_SharesWithEveryone()
    {
        var model = Compile(new BandwidthConfig { Upload = 1000, Per = BandwidthScope.Stream });
        var first = model.Rent(Client);
        using var second = model.Rent(null);
        Assert.Same(first.Upload, second.Upload);
        first.Dispose();
        Assert.Equal(1, await second.Upload!.AcquireAsync(1, default));
    }

    [Fact]
    public async Task Rent_PerClient_SharesUntilTheClientsLastConnectionEnds()
    {
        var model = Compile(new BandwidthConfig { Upload = 1000, Download = 2000, Per = BandwidthScope.Client });
        var first = model.Rent(Client);
        var second = model.Rent(IPAddress.Parse("::ffff:192.0.2.1"));
        using var other = model.Rent(IPAddress.Parse("192.0.2.2"));
        Assert.Same(first.Upload, second.Upload);
        Assert.Same(first.Download, second.Download);
        Assert.NotSame(first.Upload, other.Upload);
        Assert.Equal(2, model.Clients);

        // Twice ends it once.
        first.Dispose();
        first.Dispose();
        Assert.Equal(2, model.Clients);
        await second.Upload!.AcquireAsync(1, default);

        second.Dispose();
        Assert.Equal(1, model.Clients);
        using var third = model.Rent(Client);
        Assert.NotSame(second.Upload, third.Upload);
    }

    [Fact]
    public void Rent_PerClientIPv6_SharesWithinTheNetwork()
    {
        var model = Compile(new BandwidthConfig { Upload = 1000, Per = BandwidthScope.Client });
        using var first = model.Rent(IPAddress.Parse("2001:db8::1"));
        using var second = model.Rent(IPAddress.Parse("2001:db8::2"));
        using var other = model.Rent(IPAddress.Parse("2001:db8:0:1::1"));
        Assert.Same(first.Upload, second.Upload);
        Assert.NotSame(first.Upload, other.Upload);
    }

    [Fact]
    public void Rent_PerClientWithoutAddress_SharesNothing()
    {
        var model = Compile(new BandwidthConfig { Upload = 1000, Per = BandwidthScope.Client });
        using var first = model.Rent(null);
        using var second = model.Rent(null);
        Assert.NotSame(first.Upload, second.Upload);
        Assert.Equal(0, model.Clients);
    }

    [Fact]
    public void Compile_Reload_KeepsTheModelOfTheSameSettingsOnly()
    {
        var config = new BandwidthConfig { Upload = 1000, Per = BandwidthScope.Stream };
        var model = Compile(config);
        Assert.Same(model, BandwidthModel.Compile(config with { }, model, TimeProvider.System));
        Assert.NotSame(model, BandwidthModel.Compile(config with { Upload = 1001 }, model, TimeProvider.System));
        Assert.Null(BandwidthModel.Compile(null, model, TimeProvider.System));
    }

    private static BandwidthModel Compile(BandwidthConfig config) => BandwidthModel.Compile(config, null, new FakeTimeProvider())!;
}
