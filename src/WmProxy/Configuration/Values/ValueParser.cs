using System.Diagnostics.CodeAnalysis;

namespace WmProxy.Configuration.Values;

/// <summary>Turns the text of a configuration value into <typeparamref name="T"/>, or says what is wrong with it. Never throws.</summary>
internal delegate bool ValueParser<T>(string text, [MaybeNullWhen(false)] out T value, [NotNullWhen(false)] out string? error);
