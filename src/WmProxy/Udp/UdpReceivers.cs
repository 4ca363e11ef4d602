using System;
using System.Collections.Generic;
using System.Threading;

namespace WmProxy.Udp;

/// <summary>
/// The sockets of an address from their opening to their closing. They have users: each session, and one more as long as new sessions may come. Whoever
/// leaves last closes them.
/// </summary>
internal sealed class UdpReceivers
{
    private int _users = 1;

    /// <summary>The sockets; set once, when they are open.</summary>
    public IReadOnlyList<IUdpReceiver> All { get; set; } = [];

    /// <summary>Whether the sockets are open.</summary>
    public bool IsOpen => Volatile.Read(ref _users) != 0;

    /// <summary>Adds a user, who has to <see cref="Leave"/> once; <see langword="false"/> when the sockets are closed.</summary>
    public bool TryEnter()
    {
        for (var users = Volatile.Read(ref _users); users > 0;)
        {
            var seen = Interlocked.CompareExchange(ref _users, users + 1, users);
            if (seen == users)
            {
                return true;
            }

            users = seen;
        }

        return false;
    }

    public void Leave()
    {
        for (var users = Volatile.Read(ref _users); users > 0;)
        {
            var seen = Interlocked.CompareExchange(ref _users, users - 1, users);
            if (seen == users)
            {
                if (users == 1)
                {
                    ForEach(static receiver => receiver.Close());
                }

                return;
            }

            users = seen;
        }
    }

    /// <summary>Closes the sockets, whoever uses them.</summary>
    public void Close()
    {
        if (Interlocked.Exchange(ref _users, 0) != 0)
        {
            ForEach(static receiver => receiver.Close());
        }
    }

    public void ForEach(Action<IUdpReceiver> action)
    {
        foreach (var receiver in All)
        {
            action(receiver);
        }
    }
}
