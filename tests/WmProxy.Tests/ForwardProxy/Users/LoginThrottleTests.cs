using System;
using System.Linq;
using System.Net;
using Microsoft.Extensions.Time.Testing;
using WmProxy.ForwardProxy.Users;

namespace WmProxy.Tests.ForwardProxy.Users;

public sealed class LoginThrottleTests
{
    private static readonly IPAddress Client = IPAddress.Parse("192.0.2.1");

    private readonly FakeTimeProvider _time = new();
    private readonly LoginThrottle _throttle;

    public LoginThrottleTests() => _throttle = new LoginThrottle(_time);

    [Fact]
    public void Enter_FewFailures_WaitsForNothing()
    {
        Fail(Client, LoginThrottle.FreeFailures - 1);

        Assert.Equal(TimeSpan.Zero, _throttle.Enter(Client));
    }

    [Fact]
    public void Enter_ManyFailures_WaitsLongerEachTime()
    {
        Fail(Client, LoginThrottle.FreeFailures);
        var waits = Enumerable.Range(0, 8).Select(_ =>
        {
            var wait = _throttle.Enter(Client)!.Value;
            _time.Advance(wait);
            _throttle.Fail(Client);
            return wait;
        }).ToList();

        Assert.Equal([0.25, 0.5, 1, 2, 4, 4, 4, 4], waits.Select(wait => wait.TotalSeconds));
    }

    [Fact]
    public void Enter_AtTheSameTime_WaitsItsTurnAndIsRefusedWhenThatIsTooLate()
    {
        Fail(Client, LoginThrottle.FreeFailures + 2);

        Assert.Equal(
            [1, 2, 3, 4, null, null],
            Enumerable.Range(0, 6).Select(_ => _throttle.Enter(Client)?.TotalSeconds));
        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal(1, _throttle.Enter(Client)?.TotalSeconds);
    }

    [Fact]
    public void Enter_Others_WaitForNothing()
    {
        Fail(Client, 20);

        Assert.Equal(TimeSpan.Zero, _throttle.Enter(IPAddress.Parse("192.0.2.2")));
        Assert.Equal(TimeSpan.Zero, _throttle.Enter(null));
    }

    [Fact]
    public void Enter_NextAddressOfTheSameNetwork_IsTheSameClient()
    {
        Fail(IPAddress.Parse("2001:db8::1"), LoginThrottle.FreeFailures);

        Assert.NotEqual(TimeSpan.Zero, _throttle.Enter(IPAddress.Parse("2001:db8::2")));
        Assert.Equal(TimeSpan.Zero, _throttle.Enter(IPAddress.Parse("2001:db8:0:1::2")));
    }

    [Fact]
    public void Succeed_AfterFailures_ForgetsThem()
    {
        Fail(Client, 20);
        _throttle.Succeed(Client);

        Assert.Equal(TimeSpan.Zero, _throttle.Enter(Client));
        Assert.Equal(0, _throttle.Count);
    }

    [Fact]
    public void Enter_LongAfterTheLastFailure_HasForgottenIt()
    {
        Fail(Client, 20);
        _time.Advance(TimeSpan.FromMinutes(11));

        Assert.Equal(TimeSpan.Zero, _throttle.Enter(Client));
        Assert.Equal(0, _throttle.Count);
    }

    [Fact]
    public void Fail_VeryManyClients_RemembersSome()
    {
        for (var i = 0; i < 25_000; i++)
        {
            _throttle.Fail(new IPAddress([10, 0, (byte)(i >> 8), (byte)i]));
        }

        Assert.InRange(_throttle.Count, 5000, 10_000);
    }

    private void Fail(IPAddress client, int count)
    {
        for (var i = 0; i < count; i++)
        {
            _throttle.Fail(client);
        }
    }
}
