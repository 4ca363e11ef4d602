using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Linq;

namespace WmProxy.ForwardProxy.Users;

/// <summary>Logins that were right, by their digests (<see cref="CredentialDigest.OfLogin"/>).</summary>
internal sealed class VerifiedLogins
{
    private const int MaxLogins = 4096;

    private readonly ConcurrentDictionary<UInt128, string> _names = new();

    public int Count => _names.Count;

    public string? Find(UInt128 login) => _names.GetValueOrDefault(login);

    public void Add(UInt128 login, string name)
    {
        if (_names.Count >= MaxLogins)
        {
            // Any of them: whoever is dropped pays for one more hash.
            foreach (var old in _names.Keys.Take(MaxLogins / 4))
            {
                _names.TryRemove(old, out _);
            }
        }

        _names[login] = name;
    }
}
