using System;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using WmProxy.Configuration;

namespace WmProxy.Connections.Tls;

/// <summary>
/// Something that is made of files, and made again when they have changed; while they cannot be used it stays what it was.
/// </summary>
/// <remarks>
/// Changes are seen by content, not by the time of the last write: a link's own time says nothing about its target, Kubernetes swaps
/// a directory's link two steps away, and files from reproducible builds all have the same time. Certificates are small.
/// </remarks>
internal sealed class ReloadableFiles<T>
    where T : class
{
    private readonly ConfiguredFile[] _files;
    private readonly Parser _parse;
    private UInt128 _seen;

    public ReloadableFiles(Parser parse, params ConfiguredFile[] files) => (_parse, _files) = (parse, files);

    /// <summary>Makes a value of the files' contents, in their order; <see langword="null"/> and why where it cannot.</summary>
    public delegate T? Parser(byte[][] contents, out ConfigError? error);

    /// <summary>What the files last held that could be used; <see langword="null"/> before the first <see cref="TryReload"/> that succeeds.</summary>
    public T? Current { get; private set; }

    /// <summary>
    /// Looks at the files. True if <see cref="Current"/> is new; else <paramref name="error"/> says what is wrong, once for each state
    /// of the files.
    /// </summary>
    [MemberNotNullWhen(true, nameof(Current))]
    public bool TryReload(out ConfigError? error)
    {
        var contents = new byte[_files.Length][];
        ConfigError? unreadable = null;
        for (var i = 0; i < _files.Length && unreadable is null; i++)
        {
            contents[i] = _files[i].TryRead(out unreadable) ?? [];
        }

        try
        {
            var hash = ConfiguredFile.Hash(unreadable is null ? contents : [], unreadable);
            if (hash == _seen)
            {
                error = null;
                return false;
            }

            _seen = hash;
            error = unreadable;
            if (error is not null || _parse(contents, out error) is not { } value)
            {
                return false;
            }

            Current = value;
            return true;
        }
        finally
        {
            foreach (var content in contents)
            {
                // It may hold a private key.
                CryptographicOperations.ZeroMemory(content);
            }
        }
    }
}
