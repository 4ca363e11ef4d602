using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Time.Testing;
using WmProxy.ForwardProxy.Users;
using WmProxy.Tests.Common;

namespace WmProxy.Tests.ForwardProxy.Users;

public sealed class LoginThrottleTests
{
    private static readonly IPAddress Client = IPAddress.Parse("192.0.2.1");

    // Digests of names.
    private static readonly UInt128 User = CredentialDigest.OfName("alice");
    private static readonly UInt128 Other = CredentialDigest.OfName("mallory");

    private readonly FakeTimeProvider _time = new();
    private readonly LoginThrottle _throttle;

    public LoginThrottleTests() => _throttle = new LoginThrottle(_time);

    [Fact]
    public async Task Enter_FewFailures_WaitsForNothing()
    {
        await FailAsync(Client, LoginThrottle.FreeFailures - 1);

        Assert.Equal(TimeSpan.Zero, await EnterAsync(Client));
    }

    [Fact]
    public async Task Enter_ManyFailures_WaitsLongerEachTime()
    {
        await FailAsync(Client, LoginThrottle.FreeFailures);
        var waits = new List<double>();
        for (var i = 0; i < 8; i++)
        {
            var wait = (await EnterAsync(Client))!.Value;
            waits.Add(wait.TotalSeconds);
            _time.Advance(wait);
            _throttle.Leave(Client, User, isRight: false);
        }

        Assert.Equal([0.25, 0.5, 1, 2, 4, 4, 4, 4], waits);
    }

    [Fact]
    public async Task Enter_AtTheSameTime_WaitsItsTurnAndIsRefusedWhenThatIsTooLate()
    {
        await FailAsync(Client, LoginThrottle.FreeFailures + 2);
        var waits = new List<double?>();
        for (var i = 0; i < 6; i++)
        {
            waits.Add((await EnterAsync(Client))?.TotalSeconds);
        }

        Assert.Equal([1, 2, 3, 4, null, null], waits);
        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal(1, (await EnterAsync(Client))?.TotalSeconds);
    }

    [Fact]
    public async Task Enter_ManyUnderWay_WaitsUntilOneHasLeft()
    {
        for (var i = 0; i < LoginThrottle.FreeFailures; i++)
        {
            Assert.Equal(TimeSpan.Zero, await EnterAsync(Client));
        }

        var next = EnterAsync(Client);
        Assert.False(next.IsCompleted);
        Assert.Equal(TimeSpan.Zero, await EnterAsync(IPAddress.Parse("192.0.2.2")));
        _throttle.Leave(Client, User, isRight: true);

        Assert.Equal(TimeSpan.Zero, await next);
    }

    [Fact]
    public async Task Enter_CanceledWhileItWaits_HoldsNothing()
    {
        for (var i = 0; i < LoginThrottle.FreeFailures; i++)
        {
            await EnterAsync(Client);
        }

        using var gone = new CancellationTokenSource();
        var next = _throttle.EnterAsync(Client, gone.Token).AsTask();
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next.Within());
        for (var i = 0; i < LoginThrottle.FreeFailures; i++)
        {
            _throttle.Leave(Client, User, isRight: null);
        }

        Assert.Equal(0, _throttle.Count);
    }

    [Fact]
    public async Task Enter_Others_WaitForNothing()
    {
        await FailAsync(Client, 20);

        Assert.Equal(TimeSpan.Zero, await EnterAsync(IPAddress.Parse("192.0.2.2")));
        Assert.Equal(TimeSpan.Zero, await EnterAsync(null));
    }

    [Fact]
    public async Task Enter_NextAddressOfTheSameNetwork_IsTheSameClient()
    {
        await FailAsync(IPAddress.Parse("2001:db8::1"), LoginThrottle.FreeFailures);

        Assert.NotEqual(TimeSpan.Zero, await EnterAsync(IPAddress.Parse("2001:db8::2")));
        Assert.Equal(TimeSpan.Zero, await EnterAsync(IPAddress.Parse("2001:db8:0:1::2")));
    }

    [Fact]
    public async Task Leave_RightLogin_ForgetsTheFailures()
    {
        await FailAsync(Client, LoginThrottle.FreeFailures);
        await EnterAsync(Client);
        _throttle.Leave(Client, User, isRight: true);

        Assert.Equal(0, _throttle.Count);
        Assert.Equal(TimeSpan.Zero, await EnterAsync(Client));
    }

    [Fact]
    public async Task Leave_RightLoginOfAnotherUser_ForgetsNothing()
    {
        await FailAsync(Client, LoginThrottle.FreeFailures);
        await EnterAsync(Client);
        _throttle.Leave(Client, Other, isRight: true);

        Assert.NotEqual(TimeSpan.Zero, await EnterAsync(Client));
    }

    [Fact]
    public async Task Leave_RightLoginAfterManyNames_ForgetsItsOwnFailuresOnly()
    {
        for (var i = 0; i < 20; i++)
        {
            _time.Advance((await EnterAsync(Client))!.Value);
            _throttle.Leave(Client, CredentialDigest.OfName($"{i}"), isRight: false);
        }

        for (var i = 0; i < 20; i++)
        {
            _time.Advance((await EnterAsync(Client))!.Value);
            _throttle.Leave(Client, CredentialDigest.OfName($"{i}"), isRight: true);
        }

        Assert.NotEqual(TimeSpan.Zero, await EnterAsync(Client));
    }

    [Fact]
    public async Task Enter_VeryManyOfOneClient_RefusesTheRest()
    {
        var attempts = Enumerable.Range(0, LoginThrottle.MaxAttempts).Select(_ => _throttle.EnterAsync(Client, CancellationToken.None).AsTask()).ToList();

        Assert.Null(await EnterAsync(Client));
        Assert.Equal(LoginThrottle.FreeFailures, attempts.Count(attempt => attempt.IsCompleted));
        Assert.Equal(TimeSpan.Zero, await EnterAsync(IPAddress.Parse("192.0.2.2")));
    }

    [Fact]
    public async Task Enter_LongAfterTheLastFailure_HasForgottenIt()
    {
        await FailAsync(Client, 20);
        _time.Advance(TimeSpan.FromMinutes(11));

        Assert.Equal(TimeSpan.Zero, await EnterAsync(Client));
    }

    [Fact]
    public async Task Leave_VeryManyClientsFailed_RemembersSome()
    {
        for (var i = 0; i < 25_000; i++)
        {
            await FailAsync(new IPAddress([10, 0, (byte)(i >> 8), (byte)i]), 1);
        }

        Assert.InRange(_throttle.Count, 5000, 10_000);
    }

    /// <summary>Lets as many attempts fail, each after the wait that it gets.</summary>
    internal static async Task FailAsync(LoginThrottle throttle, FakeTimeProvider time, IPAddress client, int count)
    {
        for (var i = 0; i < count; i++)
        {
            time.Advance((await throttle.EnterAsync(client, CancellationToken.None))!.Value);
            throttle.Leave(client, User, isRight: false);
        }
    }

    private Task FailAsync(IPAddress client, int count) => FailAsync(_throttle, _time, client, count);

    private Task<TimeSpan?> EnterAsync(IPAddress? client) => _throttle.EnterAsync(client, CancellationToken.None).AsTask().Within();
}
